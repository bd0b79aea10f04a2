import RedisClient

/// The Redis of one request: all of its commands together have one deadline.
struct RequestRedis: RedisExecutor {
    let client: RedisClient
    let deadline: ContinuousClock.Instant

    init(_ client: RedisClient, within time: Duration) {
        self.client = client
        deadline = .now + time
    }

    func execute(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RedisValue {
        let left = deadline - .now
        guard left > .zero else { throw .timedOut }
        return try await client.execute(command, timeout: timeout.map { min($0, left) } ?? left)
    }
}
