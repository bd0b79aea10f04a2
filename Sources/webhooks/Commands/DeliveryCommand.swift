import ArgumentParser
import Delivery
import HTTPAPI
import Logging
import NIOCore
import NIOPosix

struct DeliveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery", abstract: "Runs a delivery node: any number may stand beside each other.",
        discussion: Setting.helpText(for: .delivery))

    @OptionGroup var envFile: EnvFileOption

    func run() async throws {
        let configuration = try envFile.configuration()
        let logger = configuration.startLogging()
        configuration.warnOfDevelopmentSwitches(logger)
        let group = MultiThreadedEventLoopGroup.singleton
        let node = try configuration.deliveryNode(group, logger)
        let health = HealthApplication(
            host: configuration.metricsListen.host, port: configuration.metricsListen.port, group: group,
            logger: logger, readiness: node.healthReadiness)
        // Stopped in reverse: the health listener tells until the end that the node is not ready any more.
        try await runNode([health, node], logger: logger)
    }
}

extension NodeConfiguration {
    /// A delivery node; a file of authorities that cannot be read is a wrong setting.
    func deliveryNode(_ group: any EventLoopGroup, _ logger: Logger) throws -> DeliveryNode {
        do throws(HTTPSenderConfiguration.Refused) {
            return try DeliveryNode(configuration: delivery, eventLoopGroup: group, logger: logger)
        } catch {
            printError(error.description)
            throw ExitStatus.configuration
        }
    }
}

extension DeliveryNode {
    /// The node's readiness in the words of the health listener.
    var healthReadiness: @Sendable () async -> HTTPAPI.Readiness {
        { [self] in
            let state = readiness()
            return state.isReady ? .ready : .notReady(state.reason)
        }
    }
}
