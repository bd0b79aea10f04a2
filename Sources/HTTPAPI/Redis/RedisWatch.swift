import Logging
import RedisClient
import Synchronization
import WebhookStore

/// Asks Redis all the time whether it would take an event, so that readiness is known when it is asked for.
///
/// Two commands a second: red at most two seconds after Redis went, by itself or by its answers.
final class RedisWatch: Sendable {
    static let pause = Duration.milliseconds(500)
    static let patience = Duration.seconds(1)

    private let feed: SubscriptionFeed
    private let state = Mutex(Readiness.notReady("waiting for Redis"))
    private let isStopping = Mutex(false)

    init(_ client: RedisClient) { feed = SubscriptionFeed(Shard(BoundedRedis(client: client, time: Self.patience))) }

    var readiness: Readiness {
        isStopping.withLock { $0 } ? .notReady("stopping") : state.withLock { $0 }
    }

    func stopping() { isStopping.withLock { $0 = true } }

    /// Asks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let now: Readiness
            do throws(StoreError) {
                // A script, which a replica refuses, beyond any version: the answer is short.
                _ = try await feed.changes(since: .max)
                now = .ready
            } catch {
                now = .notReady("Redis: \(error)")
            }
            state.withLock { $0 = now }
            try? await Task.sleep(for: Self.pause)  // cancelled: the loop ends
        }
    }
}

/// Redis with its own time for each command.
private struct BoundedRedis: RedisExecutor {
    let client: RedisClient
    let time: Duration

    func execute(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RedisValue {
        try await client.execute(command, timeout: time)
    }
}
