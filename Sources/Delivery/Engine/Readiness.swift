import Synchronization

/// Whether this node can deliver now, for its health listener. May be read from anywhere.
package final class Readiness: Sendable {
    private struct State {
        var renewedAt: MonotonicTime?
        var problem: String? = "waiting for Redis"
        var isStopping = false
    }

    private let limit: Milliseconds
    private let state = Mutex(State())

    /// - Parameter limit: How long ago the last answered renewal of the lane may be.
    init(limit: Milliseconds) { self.limit = limit }

    /// Ready while the lane was renewed lately and the node is not stopping; the reason is one line without addresses.
    package func now() -> (isReady: Bool, reason: String) {
        state.withLock { state in
            if state.isStopping { return (false, "stopping") }
            if let problem = state.problem { return (false, problem) }
            guard let renewedAt = state.renewedAt, MonotonicTime.now() < renewedAt + limit else {
                return (false, "the lane was not renewed lately")
            }
            return (true, "ready")
        }
    }

    func renewed(at time: MonotonicTime) {
        state.withLock {
            $0.renewedAt = time
            $0.problem = nil
        }
    }

    func lost(because reason: String) { state.withLock { $0.problem = reason } }

    func stopping() { state.withLock { $0.isStopping = true } }
}
