package import Logging
package import NIOCore
import ServiceLifecycle

/// A small listener for `/health/live` and `/health/ready` of a node that serves nothing else.
package final class HealthApplication: Service {
    private let listening = ListeningPort()

    /// - Parameters:
    ///   - port: The TCP port; 0 takes a free one, which ``port`` tells.
    ///   - readiness: Asked at each request for `/health/ready`; its reason is shown.
    package init(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        readiness: @escaping @Sendable () async -> Readiness
    ) {
    }

    /// The port it listens on, as soon as it does.
    ///
    /// - Throws: When it ended before.
    package var port: Int {
        get async throws { try await listening.wait() }
    }

    /// - Throws: When the address cannot be listened on.
    package func run() async throws {
    }
}
