import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A Hummingbird application whose connections are guarded, until it is told to stop.
struct GuardedServer: Sendable {
    let host: String
    let port: Int
    let maximumConnections: Int
    let limits: ServerLimits
    /// How long running requests may take after the order to stop.
    let stopTimeout: Duration
    let group: any EventLoopGroup
    let logger: Logger

    /// - Throws: When the address cannot be listened on.
    func run<Responder: HTTPResponder>(
        _ responder: Responder, bodyLimit: @escaping @Sendable (HTTPMethod, String) -> Int, listening: ListeningPort,
        refused: @escaping @Sendable (Int, String?) -> Void = { _, _ in }
    ) async throws where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        let application = Application(
            responder: responder,
            server: .guarded(
                limits: limits,
                load: ServerLoad(
                    maximumRequests: limits.maximumRequests, maximumBodyBytes: limits.maximumBodyBytes),
                bodyLimit: bodyLimit, refused: refused),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(maximumConnections, logger: logger)),
            onServerRunning: { channel in listening.open(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            tasks.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: stopTimeout)
                logger.warning("requests still ran when the time to stop was over")
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }
}
