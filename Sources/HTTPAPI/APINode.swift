package import Logging
package import NIOCore
import ServiceLifecycle

/// A node of the REST API: stateless, any number may stand beside each other.
///
/// It listens until it is told to stop gracefully: then it is no longer ready, finishes running requests, at most for
/// ``APIConfiguration/stopTimeout``, and returns.
package final class APINode: Service {
    private let listening = ListeningPort()

    /// - Parameter group: Where the sockets of clients and of Redis live.
    package init(_ configuration: APIConfiguration, group: any EventLoopGroup, logger: Logger) {
    }

    /// The port the node listens on, as soon as it does.
    ///
    /// - Throws: When the node ended before.
    package var port: Int {
        get async throws { try await listening.wait() }
    }

    /// - Throws: When the address cannot be listened on.
    package func run() async throws {
    }
}
