import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle

/// A small listener for `/health/live` and `/health/ready` of a node that serves nothing else.
package final class HealthApplication: Service {
    private let listening = ListeningPort()
    private let server: GuardedServer
    private let readiness: @Sendable () async -> Readiness

    /// - Parameters:
    ///   - port: The TCP port; 0 takes a free one, which ``port`` tells.
    ///   - readiness: Asked at each request for `/health/ready`; its reason is shown.
    package init(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        readiness: @escaping @Sendable () async -> Readiness
    ) {
        server = GuardedServer(
            host: host, port: port, maximumConnections: 256, limits: ServerLimits(), stopTimeout: .seconds(1),
            group: group, logger: logger)
        self.readiness = readiness
    }

    /// The port it listens on, as soon as it does.
    ///
    /// - Throws: When it ended before.
    package var port: Int {
        get async throws { try await listening.wait() }
    }

    /// - Throws: When the address cannot be listened on.
    package func run() async throws {
        defer { listening.end() }
        try await server.run(
            CallbackResponder<APIContext> { [readiness] request, _ in
                await Self.answer(request, readiness)
            },
            bodyLimit: { _, _ in 0 }, listening: listening)
    }

    private static func answer(_ request: Request, _ readiness: @Sendable () async -> Readiness) async -> Response {
        let response: Response
        switch Routing.resolve(request.method.rawValue, request.head.path ?? "") {
        case .found(.live, _): response = HealthAnswer.response(.ready, showingReason: true)
        case .found(.ready, _): response = HealthAnswer.response(await readiness(), showingReason: true)
        case .methodNotAllowed(let allow) where request.head.path?.hasPrefix("/health/") == true:
            response = APIRefusal.methodNotAllowed(allow: allow).response
        default: response = APIRefusal.noRoute.response
        }
        return request.method == .head ? response.createHeadResponse() : response
    }
}
