package import Logging
package import NIOCore
package import RedisClient
import ServiceLifecycle
package import WebhookStore

/// What one process tells of itself: its metrics, those of the whole system, and how Redis does.
///
/// It has a connection of its own, so that a scrape never waits behind the node's work nor the node behind a scrape; unless
/// somebody asks, nothing is sent over it.
package final class NodeTelemetry: Service {
    /// How long the facts of the whole system are shown again.
    package static let surveyLife = Duration.seconds(5)
    private static let conditionLife = Duration.milliseconds(500)
    private static let patience = Duration.seconds(1)

    package let registry = PrometheusRegistry()
    private let redis: RedisClient
    private let eventLoop: any EventLoop
    private let lag = LoopLag()
    private let condition: RecentValue<RedisCondition>

    /// - Parameter eventLoop: Whose lateness is watched: the node's own.
    package init(redis configuration: RedisConfiguration, limits: StoreLimits, eventLoop: any EventLoop, logger: Logger)
    {
        self.eventLoop = eventLoop
        // The node itself tells of Redis going and coming.
        var quiet = logger
        quiet.logLevel = .error
        var configuration = configuration
        configuration.connectTimeout = min(configuration.connectTimeout, Self.patience)
        let redis = RedisClient(configuration, on: eventLoop, logger: quiet)
        self.redis = redis
        condition = RecentValue(life: Self.conditionLife) { await RedisCondition.ask(redis, limit: Self.patience) }
        let shard = Shard(redis, limits: limits)
        let survey = RecentValue(life: Self.surveyLife) {
            await ShardMetrics.samples(of: shard, limit: Self.patience)
        }
        registry.collect { ProcessFacts.samples() }
        registry.collect { [lag] in [MetricSample("webhooks_event_loop_lag_seconds", lag.take())] }
        registry.collect { await survey.value() }
    }

    /// Keeps the connection until a graceful shutdown or the end of the task.
    package func run() async {
        let watch = lag.watch(eventLoop)
        await cancelWhenGracefulShutdown { [redis] in await redis.run() }
        watch.cancel()
    }

    /// How Redis does now: at most half a second old, and found within about a second.
    package func redisCondition() async -> RedisCondition { await condition.value() }
}
