import Synchronization

/// The TCP port a server listens on, for those who wait until it does.
final class ListeningPort: Sendable {
    /// The server ended before it listened.
    struct NeverOpened: Error {}

    private enum State {
        case opening([CheckedContinuation<Int, any Error>])
        case open(Int)
        case ended
    }

    private let state = Mutex(State.opening([]))

    /// The port, as soon as it is open.
    ///
    /// - Throws: ``NeverOpened`` when the server ended first.
    func wait() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                switch state {
                case .opening(let waiting): state = .opening(waiting + [continuation])
                case .open(let port): continuation.resume(returning: port)
                case .ended: continuation.resume(throwing: NeverOpened())
                }
            }
        }
    }

    func open(_ port: Int) {
        let waiting: [CheckedContinuation<Int, any Error>] = state.withLock { state in
            guard case .opening(let waiting) = state else { return [] }
            state = .open(port)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }

    func end() {
        let waiting: [CheckedContinuation<Int, any Error>] = state.withLock { state in
            defer { state = .ended }
            if case .opening(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(throwing: NeverOpened()) }
    }
}
