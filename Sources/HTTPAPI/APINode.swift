import Hummingbird
import NIOHTTP1
package import Logging
package import NIOCore
import RedisClient
import ServiceLifecycle
import WebhookModel

/// A node of the REST API: stateless, any number may stand beside each other.
///
/// It listens until it is told to stop gracefully: then it is no longer ready, finishes running requests, at most for
/// ``APIConfiguration/stopTimeout``, and returns.
package final class APINode: Service {
    private let listening = ListeningPort()
    private let configuration: APIConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let fastRedis: RedisClient
    private let slowRedis: RedisClient
    private let watch: RedisWatch
    private let metrics: APIMetrics

    /// - Parameter group: Where the sockets of clients and of Redis live.
    package init(_ configuration: APIConfiguration, group: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.group = group
        self.logger = logger
        fastRedis = RedisClient(configuration.redis, on: group.next(), logger: logger)
        slowRedis = RedisClient(configuration.redis, on: group.next(), logger: logger)
        watch = RedisWatch(fastRedis)
        metrics = APIMetrics(factory: configuration.metrics)
    }

    /// The port the node listens on, as soon as it does.
    ///
    /// - Throws: When the node ended before.
    package var port: Int {
        get async throws { try await listening.wait() }
    }

    /// - Throws: When the address cannot be listened on.
    package func run() async throws {
        defer { listening.end() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.fastRedis.run() }
            tasks.addTask { await self.slowRedis.run() }
            tasks.addTask { await self.watch.run() }
            tasks.addTask { try await self.serve() }
            // The first to end is the server: the others go on until they are cancelled.
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    /// Whether the node can take events now, and why not.
    package var readiness: Readiness { watch.readiness }

    private func serve() async throws {
        let limits = configuration.serverLimits
        let settings = APISettings(
            policy: RegistrationPolicy(
                targets: TargetPolicy(
                    allowsHTTP: configuration.allowsHTTPTargets, allowsPrivate: configuration.allowsPrivateTargets),
                entities: configuration.entities),
            limits: configuration.limits, secrets: configuration.secrets,
            redisTime: configuration.redis.commandTimeout)
        let rates = APIRates(configuration)
        let server = GuardedServer(
            host: configuration.host, port: configuration.port, maximumConnections: configuration.maximumConnections,
            limits: limits, stopTimeout: configuration.stopTimeout, group: group, logger: logger)
        try await withGracefulShutdownHandler {
            try await server.run(
                APIResponder(
                    settings: settings, authenticator: Authenticator(rates: rates), rates: rates, watch: watch,
                    metrics: metrics, fastRedis: fastRedis, slowRedis: slowRedis),
                bodyLimit: { Routing.bodyLimit($0.rawValue, $1) }, listening: listening,
                refused: { [metrics] status, target in
                    metrics.answered(status, postsEvents: target.map(Routing.isOfEvents) ?? false)
                })
        } onGracefulShutdown: {
            self.watch.stopping()
        }
    }
}

extension APIConfiguration {
    fileprivate var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.idleTimeout = idleTimeout
        limits.bodyTimeout = bodyTimeout
        limits.maximumRequests = maximumRequests
        limits.maximumBodyBytes = maximumBodyBytes
        return limits
    }
}
