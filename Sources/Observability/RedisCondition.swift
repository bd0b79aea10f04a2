import Glibc
package import RedisClient

/// How Redis does, as a node's health tells it.
package struct RedisCondition: Sendable, Hashable {
    /// Why no node can work with it now; nil when it can be worked with.
    package let problem: String?
    /// What an operator should know all the same.
    package let warnings: [String]
    /// Redis's clock less this machine's, in milliseconds; nil when it is not known.
    package let clockOffset: Int64?

    /// A delivery node must not work with a clock farther than this from Redis's.
    package static let largestClockOffset: Int64 = 60_000

    package init(problem: String?, warnings: [String] = [], clockOffset: Int64? = nil) {
        self.problem = problem
        self.warnings = warnings
        self.clockOffset = clockOffset
    }

    package init(_ facts: RedisServerFacts, clockOffset: Int64) {
        var warnings: [String] = []
        if facts.memoryShare >= 1 {
            warnings.append("Redis has reached maxmemory: events are refused, deliveries go on")
        } else if facts.memoryShare >= 0.8 {
            warnings.append("Redis uses \(Int(facts.memoryShare * 100)) % of maxmemory")
        }
        if facts.evicts { warnings.append("Redis may evict keys: set maxmemory-policy to noeviction") }
        if !facts.isAppendOnly { warnings.append("Redis writes no append-only file: a restart loses everything") }
        if !facts.lastAppendWorked { warnings.append("Redis cannot write its append-only file") }
        let problem: String? =
            if facts.isLoading {
                "Redis is loading its data"
            } else if facts.isReplica {
                "Redis is a replica"
            } else {
                nil
            }
        self.init(problem: problem, warnings: warnings, clockOffset: clockOffset)
    }

    /// Why a delivery node cannot work because of the clock.
    package var clockProblem: String? {
        guard let clockOffset, abs(clockOffset) > Self.largestClockOffset else { return nil }
        let direction = clockOffset > 0 ? "behind" : "ahead of"
        return "the clock of this machine is \(abs(clockOffset) / 1000) s \(direction) Redis's"
    }

    /// Asks Redis, within `limit` for each answer.
    static func ask(_ redis: some RedisExecutor, limit: Duration) async -> RedisCondition {
        do throws(RedisError) {
            let before = milliseconds()
            let time = try await redis.serverTime(timeout: limit)
            let here = (before + milliseconds()) / 2
            return RedisCondition(try await redis.serverFacts(timeout: limit), clockOffset: time - here)
        } catch {
            switch error {
            case .server(let reply) where reply.code == "LOADING":
                return RedisCondition(problem: "Redis is loading its data")
            case .server(let reply): return RedisCondition(problem: "Redis refuses: \(reply.code)")
            case .timedOut: return RedisCondition(problem: "Redis does not answer in time")
            default: return RedisCondition(problem: "Redis is away")
            }
        }
    }

    private static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
