import ArgumentParser
import HTTPAPI
import Logging
import NIOCore
import NIOPosix
import Observability
import RedisClient
import ServiceLifecycle
import UnixSignals

struct APICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Runs an API node: any number may stand beside each other.",
        discussion: Setting.helpText(for: .api))

    @OptionGroup var envFile: EnvFileOption

    func run() async throws {
        let configuration = try envFile.configuration()
        let logger = configuration.startLogging()
        OpenFileLimit.raise()
        configuration.warnOfDevelopmentSwitches(logger)
        configuration.warnOfPlainSecrets(logger)
        let group = MultiThreadedEventLoopGroup.singleton
        guard configuration.isMetricsListenChosen else {
            return try await runNode([APINode(configuration.api, group: group, logger: logger)], logger: logger)
        }
        let telemetry = configuration.telemetry(group.next(), logger)
        let node = configuration.apiNode(telemetry, group, logger)
        let health = configuration.operatorListener(
            telemetry, group, logger, readiness: telemetry.readiness(of: node))
        try await runNode([telemetry, health, node], logger: logger)
    }
}

extension NodeConfiguration {
    /// An API node that counts for `telemetry`.
    func apiNode(_ telemetry: NodeTelemetry, _ group: any EventLoopGroup, _ logger: Logger) -> APINode {
        var settings = api
        settings.metrics = telemetry.registry
        settings.redis.metrics = RedisMetrics(factory: telemetry.registry)
        return APINode(settings, group: group, logger: logger)
    }
}

/// Runs services until SIGTERM or SIGINT, then stops them in reverse order.
func runNode(_ services: [any Service], logger: Logger) async throws {
    var configuration = ServiceGroupConfiguration(
        services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    // Longer than the longest attempt or request that the nodes let run; beyond it something hangs.
    configuration.maximumGracefulShutdownDuration = .seconds(330)
    do {
        try await ServiceGroup(configuration: configuration).run()
    } catch {
        logger.critical("the node failed", metadata: ["error": "\(error)"])
        throw ExitCode.failure
    }
}
