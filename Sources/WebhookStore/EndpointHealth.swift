import RedisClient

/// How the endpoint of a webhook does, over all nodes.
package struct EndpointHealth: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case ok
        /// Nothing but a probe is sent, when its time comes.
        case failing
        /// A probe may be sent now.
        case probing
        case disabled
    }

    package let state: State
    package let consecutiveFailures: Int
    /// Times in milliseconds since 1970.
    package let lastSuccessAt: Int64?
    package let lastFailureAt: Int64?
    /// The class of the last failure.
    package let lastFailure: String?
    /// When the next probe is due, while it is failing.
    package let nextAttemptAt: Int64?

    static let fieldNames = ["state", "fails", "okAt", "failedAt", "lastError"]

    init(_ values: [RedisValue], timer: Int64?) throws(RedisError) {
        guard values.count == Self.fieldNames.count else { throw .unexpectedReply("fields of an endpoint") }
        switch try values[0].optionalText() {
        case "open": state = .failing
        case "half": state = .probing
        case "disabled": state = .disabled
        default: state = .ok
        }
        consecutiveFailures = try values[1].optionalText().flatMap { Int($0) } ?? 0
        lastSuccessAt = try Self.time(values[2])
        lastFailureAt = try Self.time(values[3])
        let failure = try values[4].optionalText()
        lastFailure = failure?.isEmpty == false ? failure : nil
        nextAttemptAt = state == .failing ? timer : nil
    }

    private static func time(_ value: RedisValue) throws(RedisError) -> Int64? {
        guard let time = try value.optionalText().flatMap({ Int64($0) }), time > 0 else { return nil }
        return time
    }
}
