package import CoreMetrics

/// What a node counts of its talk with Redis.
package struct RedisMetrics: Sendable {
    private let duration: Timer
    private let connections: Counter
    private let connectErrors: Counter
    private let notSent: Counter
    private let unknownOutcome: Counter
    private let timeouts: Counter
    private let overloads: Counter
    private let refusals: Counter

    package init(factory: any MetricsFactory = NOOPMetricsHandler.instance) {
        func errors(_ kind: String) -> Counter {
            Counter(label: "webhooks_redis_errors_total", dimensions: [("kind", kind)], factory: factory)
        }
        duration = Timer(label: "webhooks_redis_command_duration_seconds", factory: factory)
        connections = Counter(label: "webhooks_redis_connections_opened_total", factory: factory)
        connectErrors = errors("connect")
        notSent = errors("not_sent")
        unknownOutcome = errors("unknown_outcome")
        timeouts = errors("timeout")
        overloads = errors("overloaded")
        refusals = errors("refused")
    }

    func connected() { connections.increment() }
    func replied(afterNanoseconds time: Int64) { duration.recordNanoseconds(time) }
    func couldNotConnect() { connectErrors.increment() }

    /// A script's own refusals (`FENCED`, `MISSING`) and unknown scripts are answers like any other.
    func refused(_ error: RedisServerError) {
        if Self.faults.contains(error.code) { refusals.increment() }
    }

    func failed(_ error: RedisError) {
        switch error {
        case .notSent: notSent.increment()
        case .outcomeUnknown: unknownOutcome.increment()
        case .timedOut: timeouts.increment()
        case .overloaded: overloads.increment()
        case .cancelled, .server, .unexpectedReply: break
        }
    }

    /// Error codes of Redis itself that say that it cannot, or will not, do its work.
    private static let faults: Set<String> = [
        "ERR", "OOM", "READONLY", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH", "NOPERM", "WRONGPASS", "WRONGTYPE",
        "BUSY", "NOREPLICAS", "EXECABORT", "CLUSTERDOWN",
    ]
}
