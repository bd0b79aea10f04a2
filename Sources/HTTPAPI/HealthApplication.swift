import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle

/// A small listener for operators: `/health/live`, `/health/ready` with its reason, and `/metrics`.
package final class HealthApplication: Service {
    private let listening = ListeningPort()
    private let server: GuardedServer
    private let readiness: @Sendable () async -> Readiness
    private let metrics: @Sendable () async -> [UInt8]

    /// - Parameters:
    ///   - port: The TCP port; 0 takes a free one, which ``port`` tells.
    ///   - readiness: Asked at each request for `/health/ready`; its reason is shown.
    ///   - metrics: The page of `/metrics`, in Prometheus' text format.
    package init(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        readiness: @escaping @Sendable () async -> Readiness, metrics: @escaping @Sendable () async -> [UInt8]
    ) {
        server = GuardedServer(
            host: host, port: port, maximumConnections: 256, limits: ServerLimits(), stopTimeout: .seconds(1),
            group: group, logger: logger)
        self.readiness = readiness
        self.metrics = metrics
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
            CallbackResponder<APIContext> { request, _ in await self.answer(request) },
            bodyLimit: { _, _ in 0 }, listening: listening)
    }

    private func answer(_ request: Request) async -> Response {
        let response: Response
        let target = request.head.path ?? ""
        if Routing.split(target).path == Self.metricsPath {
            response = await metricsAnswer(request.method)
            return request.method == .head ? response.createHeadResponse() : response
        }
        switch Routing.resolve(request.method.rawValue, target) {
        case .found(.live, _): response = HealthAnswer.response(.ready, showingReason: true)
        case .found(.ready, _): response = HealthAnswer.response(await readiness(), showingReason: true)
        case .methodNotAllowed(let allow) where target.hasPrefix("/health/"):
            response = APIRefusal.methodNotAllowed(allow: allow).response
        default: response = APIRefusal.noRoute.response
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static let metricsPath = "/metrics"

    private func metricsAnswer(_ method: HTTPRequest.Method) async -> Response {
        guard method == .get || method == .head else {
            return APIRefusal.methodNotAllowed(allow: "GET, HEAD").response
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: await metrics())))
    }
}
