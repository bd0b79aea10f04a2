import Delivery
import HTTPAPI
import Logging
import NIOCore
import Observability

extension NodeConfiguration {
    /// The metrics and health of a process, over a connection of its own.
    ///
    /// - Parameter eventLoop: The one that carries the node.
    func telemetry(_ eventLoop: any EventLoop, _ logger: Logger) -> NodeTelemetry {
        NodeTelemetry(redis: named("metrics"), limits: limits, eventLoop: eventLoop, logger: logger)
    }

    /// The listener for operators: health with its reasons, and metrics.
    func operatorListener(
        _ telemetry: NodeTelemetry, _ group: any EventLoopGroup, _ logger: Logger,
        readiness: @escaping @Sendable () async -> HTTPAPI.Readiness
    ) -> HealthApplication {
        HealthApplication(
            host: metricsListen.host, port: metricsListen.port, group: group, logger: logger, readiness: readiness,
            metrics: { await telemetry.registry.text() })
    }
}

extension NodeTelemetry {
    /// What an API node is ready for: Redis answers and is no replica.
    func readiness(of node: APINode) -> @Sendable () async -> HTTPAPI.Readiness {
        { [self] in
            if case .notReady(let reason) = node.readiness, reason == "stopping" { return .notReady(reason) }
            let redis = await redisCondition()
            if let problem = redis.problem { return .notReady(problem) }
            return node.readiness.isReady ? redis.ready : node.readiness
        }
    }

    /// What a delivery node is ready for: its lane was renewed, and its clock is near Redis's.
    func readiness(of node: DeliveryNode) -> @Sendable () async -> HTTPAPI.Readiness {
        { [self] in
            let own = node.readiness()
            if !own.isReady, own.reason == "stopping" { return .notReady(own.reason) }
            let redis = await redisCondition()
            if let problem = redis.problem ?? redis.clockProblem { return .notReady(problem) }
            let now = node.readiness()
            return now.isReady ? redis.ready : .notReady(now.reason)
        }
    }

    /// Adds what a delivery node is doing at the moment to the page.
    func show(_ node: DeliveryNode) {
        registry.collect {
            let now = node.gauges
            return [
                MetricSample("webhooks_attempts_in_flight", now.attemptsInFlight),
                MetricSample("webhooks_attempts_in_flight_limit", now.maximumInFlight),
                MetricSample("webhooks_attempts_waiting_for_host", now.attemptsWaitingForHost),
                MetricSample("webhooks_target_connections", now.openConnections),
                MetricSample("webhooks_target_connections_opened_total", now.connectionsOpened),
                MetricSample("webhooks_lane_ready", now.hasLane ? 1 : 0),
            ]
        }
    }
}

extension RedisCondition {
    fileprivate var ready: HTTPAPI.Readiness { warnings.isEmpty ? .ready : .readyWith(warnings: warnings) }
}
