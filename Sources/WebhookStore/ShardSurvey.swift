import RedisClient

/// What is in a shard, counted in one bounded call.
package struct ShardSurvey: Sendable, Hashable {
    private let numbers: [String: Int64]

    init(_ reply: RedisValue) throws(RedisError) {
        var numbers: [String: Int64] = [:]
        let values = try reply.array()
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            numbers[try values[index].text()] = try values[index + 1].integer()
        }
        guard numbers["now"] != nil else { throw .unexpectedReply("a survey without its time") }
        self.numbers = numbers
    }

    private func number(_ name: String) -> Int64 { numbers[name] ?? 0 }

    /// Redis's time in milliseconds since 1970.
    package var now: Int64 { number("now") }

    // Since the beginning; events:
    package var accepted: Int64 { number("accepted") }
    package var fannedOut: Int64 { number("fannedOut") }
    package var unmatched: Int64 { number("unmatched") }
    package var poisoned: Int64 { number("poisoned") }
    // deliveries:
    package var planned: Int64 { number("planned") }
    package var delivered: Int64 { number("delivered") }
    package var dead: Int64 { number("dead") }
    package var dropped: Int64 { number("dropped") }
    package var trimmed: Int64 { number("trimmed") }
    package var replayed: Int64 { number("replayed") }
    /// Failed attempts.
    package var failed: Int64 { number("failed") }

    /// Events before fan-out and deliveries that are not final.
    package var openItems: Int64 { number("openItems") }
    /// Events that wait for their fan-out or are in it.
    package var waitingEvents: Int64 { max(0, accepted - fannedOut - poisoned) }
    package var openDeliveries: Int64 { max(0, planned + replayed - delivered - dead - dropped) }
    package var deadLetters: Int64 { max(0, dead - replayed - trimmed) }
    package var retries: Int64 { number("retries") }
    /// Tokens on the lanes of all nodes.
    package var claimed: Int64 { number("claimed") }
    package var livingLanes: Int64 { number("lanes") }
    package var poisonEvents: Int64 { number("poison") }
    package var suspects: Int64 { number("suspects") }
    /// Endpoints that wait for the time of their probe.
    package var openEndpoints: Int64 { number("timers") }
    /// Endpoints that may be probed, or are.
    package var halfOpenEndpoints: Int64 { max(0, number("failing") - number("timers")) }

    /// Age of the oldest first attempt among those next to be tried, in milliseconds; nil when none waits.
    package var oldestWaitingAge: Int64? { numbers["oldestWaiting"].map { max(0, now - $0) } }
    /// How long the oldest retry that is due has waited, in milliseconds; nil when none is due.
    package var oldestDueRetryAge: Int64? { numbers["nextRetry"].flatMap { $0 <= now ? now - $0 : nil } }
}

extension Shard {
    /// Counts what is in the shard; a read-only user may.
    package func survey(timeout: Duration? = nil) async throws(StoreError) -> ShardSurvey {
        var arguments = RedisArguments()
        arguments.append(keys.prefix)
        let reply = try await run(StoreScripts.survey, arguments, timeout: timeout)
        return try decoding { () throws(RedisError) in try ShardSurvey(reply) }
    }
}
