/// When a failed delivery is tried again.
package struct RetrySchedule: Hashable, Sendable {
    /// The delay after each failed attempt but the last, in milliseconds; there are as many retries as delays.
    package let delays: [Int64]

    /// 30 s, 5 min and 50 min.
    package static let standard = RetrySchedule(delays: [30_000, 300_000, 3_000_000])
    /// A receiver's `Retry-After` counts up to this: one hour, in milliseconds.
    package static let retryAfterCap: Int64 = 3_600_000
    /// What jitter adds at most, as a share of the delay.
    private static let jitterShare = 0.2

    /// - Parameter delays: milliseconds, none negative; may be empty (no retries).
    package init(delays: [Int64]) {
        precondition(delays.allSatisfy { $0 >= 0 }, "a delay is not negative")
        self.delays = delays
    }

    /// The first attempt and all retries.
    package var maximumAttempts: Int { delays.count + 1 }

    /// The delay in milliseconds before the next attempt; nil when there is none left.
    ///
    /// - Parameters:
    ///   - attempts: the attempts made so far, at least 1.
    ///   - retryAfter: what the receiver asked for, in milliseconds: the next attempt is not before it (up to
    ///     ``retryAfterCap``).
    ///   - randomness: evenly distributed in 0..<1; adds 0 to 20 %, never takes away.
    package func delay(afterAttempts attempts: Int, retryAfter: Int64? = nil, randomness: Double) -> Int64? {
        precondition(attempts >= 1, "a retry follows an attempt")
        precondition((0..<1).contains(randomness), "randomness lies in 0..<1")
        guard attempts <= delays.count else { return nil }
        let asked = min(max(retryAfter ?? 0, 0), Self.retryAfterCap)
        let base = max(delays[attempts - 1], asked)
        return base + Int64(Double(base) * Self.jitterShare * randomness)
    }
}
