import ArgumentParser
import HTTPAPI
import Logging
import NIOPosix
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
        configuration.warnOfDevelopmentSwitches(logger)
        let node = APINode(configuration.api, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await runNode([node], logger: logger)
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
