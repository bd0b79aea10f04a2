import ArgumentParser
import Delivery
import HTTPAPI
import Logging
import NIOCore
import NIOPosix
import Observability
import RedisClient

struct DeliveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery", abstract: "Runs a delivery node: any number may stand beside each other.",
        discussion: Setting.helpText(for: .delivery))

    @OptionGroup var envFile: EnvFileOption

    func run() async throws {
        let configuration = try envFile.configuration()
        let logger = configuration.startLogging()
        OpenFileLimit.raise()
        configuration.warnOfDevelopmentSwitches(logger)
        configuration.warnOfPlainSecrets(logger)
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let telemetry = configuration.telemetry(loop, logger)
        let node = try configuration.deliveryNode(telemetry, loop, logger)
        let health = configuration.operatorListener(
            telemetry, group, logger, readiness: telemetry.readiness(of: node))
        // Stopped in reverse: the health listener tells until the end that the node is not ready any more.
        try await runNode([telemetry, health, node], logger: logger)
    }
}

extension NodeConfiguration {
    /// A delivery node; a file of authorities that cannot be read is a wrong setting.
    ///
    /// - Parameter others: More listeners of this process, which no webhook may reach.
    func deliveryNode(
        _ telemetry: NodeTelemetry, _ group: any EventLoopGroup, _ logger: Logger, beside others: [ListenAddress] = []
    ) throws -> DeliveryNode {
        var settings = delivery
        settings.metrics = telemetry.registry
        settings.redis.metrics = RedisMetrics(factory: telemetry.registry)
        for other in others { settings.sender.ownListeners.insert(host: other.host, port: other.port) }
        do throws(HTTPSenderConfiguration.Refused) {
            let node = try DeliveryNode(configuration: settings, eventLoopGroup: group, logger: logger)
            telemetry.show(node)
            return node
        } catch {
            printError(error.description)
            throw ExitStatus.configuration
        }
    }
}
