import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

/// What a request brings beside itself.
struct APIContext: InitializableFromSource, Sendable {
    let channel: any Channel
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

/// Answers the requests of an API node: finds the route, judges the key, reads the body, and words what went wrong.
struct APIResponder: HTTPResponder {
    typealias Context = APIContext

    let settings: APISettings
    let authenticator: Authenticator
    let rates: APIRates
    let watch: RedisWatch
    let metrics: APIMetrics
    /// Carries what must be quick: keys and events.
    let fastRedis: RedisClient
    /// Carries the rest, so that a long list holds up no event.
    let slowRedis: RedisClient

    @Sendable func respond(to request: Request, context: APIContext) async throws -> Response {
        let response: Response
        do {
            response = try await answer(request, context)
        } catch let refusal as APIRefusal {
            response = refusal.response
        } catch let refused as RequestRefused {
            response = APIRefusal(refused).response
        } catch let error as StoreError {
            response = answer(to: error, request, context)
        } catch is BodyNeverCame {
            // The connection has said so already; this is not sent any more.
            return APIRefusal(400, "the body did not arrive").response
        } catch is CancellationError {
            response = APIRefusal.unavailable("the node is stopping", retryAfter: 1).response
        } catch {
            response = internalError("\(error)", request, context)
        }
        metrics.answered(
            Int(response.status.code), postsEvents: Routing.isOfEvents(request.head.path ?? ""))
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: APIContext) async throws -> Response {
        let target = request.head.path ?? ""
        switch Routing.resolve(request.method.rawValue, target) {
        case .notFound: throw APIRefusal.noRoute
        case .methodNotAllowed(let allow): throw APIRefusal.methodNotAllowed(allow: allow)
        case .options(let allow):
            var response = Response(status: .noContent, headers: [.allow: allow])
            response.headers[.contentLength] = nil
            return response
        case .found(let route, let id):
            guard let scopes = route.scopes else { return open(route) }
            let call = APICall(
                request: request, context: context, route: route, id: id, query: Routing.split(target).query,
                redis: RequestRedis(route == .postEvents ? fastRedis : slowRedis, within: settings.redisTime),
                now: wallClockMilliseconds())
            let scope = try await authenticator.authenticate(
                request.headers, of: context.channel, needing: scopes,
                redis: RequestRedis(fastRedis, within: settings.redisTime), now: call.now)
            try rates.admit(route, scope)
            return try await answer(call, scope)
        }
    }

    private func answer(_ call: APICall, _ scope: WorkspaceScope) async throws -> Response {
        if !call.route.isBodyOptional { try call.checkMediaType() }
        let body = try await call.body()
        if call.route.isBodyOptional, body.readableBytes > 0 { try call.checkMediaType() }
        switch call.route {
        case .postEvents:
            return try await EventRoutes(settings: settings, rates: rates, call: call, metrics: metrics).post(
                body, scope)
        case .listWebhooks: return try await WebhookRoutes(settings: settings, call: call).list(scope)
        case .createWebhook: return try await WebhookRoutes(settings: settings, call: call).create(body, scope)
        case .findWebhook: return try await WebhookRoutes(settings: settings, call: call).find(scope)
        case .updateWebhook: return try await WebhookRoutes(settings: settings, call: call).update(body, scope)
        case .deleteWebhook: return try await WebhookRoutes(settings: settings, call: call).delete(scope)
        case .rotateSecret: return try await WebhookRoutes(settings: settings, call: call).rotateSecret(body, scope)
        case .listAttempts: return try await HistoryRoutes(settings: settings, call: call).attempts(scope)
        case .listDeadLetters: return try await HistoryRoutes(settings: settings, call: call).deadLetters(scope)
        case .replay: return try await HistoryRoutes(settings: settings, call: call).replay(body, scope)
        case .test: return try await HistoryRoutes(settings: settings, call: call).test(body, scope)
        case .live, .ready, .openAPI, .docs: return open(call.route)
        }
    }

    /// The answer of a route that needs no key.
    private func open(_ route: Route) -> Response {
        switch route {
        case .openAPI: APIDescription.openAPIResponse()
        case .docs: APIDescription.pageResponse()
        default: health(route)
        }
    }

    /// The status alone: why a node is not ready is for its operators.
    private func health(_ route: Route) -> Response {
        guard route == .ready, !watch.readiness.isReady else {
            return HealthAnswer.response(.ready, showingReason: false)
        }
        return HealthAnswer.response(watch.readiness, showingReason: false)
    }

    private func answer(to error: StoreError, _ request: Request, _ context: APIContext) -> Response {
        guard let refusal = APIRefusal(error) else { return internalError("\(error)", request, context) }
        if error.redisError != nil {
            context.logger.debug("Redis did not answer a request", metadata: ["error": "\(error)"])
        }
        return refusal.response
    }

    private func internalError(_ error: String, _ request: Request, _ context: APIContext) -> Response {
        context.logger.error(
            "a request failed",
            metadata: [
                "method": "\(request.method)", "path": "\(Routing.split(request.head.path ?? "").path)",
                "error": "\(error)",
            ])
        return APIRefusal(500, "this request failed; the operators of this service can see why").response
    }
}

/// The settings that routes need.
struct APISettings: Sendable {
    let policy: RegistrationPolicy
    let limits: StoreLimits
    /// What all Redis commands of one request may take together.
    let redisTime: Duration
}

/// A request on its way through its route.
struct APICall: Sendable {
    let request: Request
    let context: APIContext
    let route: Route
    /// What stands for `{id}` in the path.
    let id: Substring
    /// The query as it was sent, without its `?`.
    let query: Substring
    let redis: RequestRedis
    /// When it came, in milliseconds since 1970.
    let now: Int64

    /// - Throws: 415 unless the body of a route that takes one is plain JSON.
    func checkMediaType() throws(APIRefusal) {
        guard route.takesBody else { return }
        guard request.headers[fields: .contentEncoding].isEmpty else {
            throw APIRefusal(415, "a Content-Encoding is not supported")
        }
        let types = request.headers[fields: .contentType]
        guard types.count == 1, let type = types.first, MediaTypeField.isJSON(type.value) else {
            throw APIRefusal(415, "the Content-Type must be application/json")
        }
    }

    /// The whole body; one that a route does not take is read and dropped.
    ///
    /// - Throws: ``BodyNeverCame`` when the connection gave it up.
    func body() async throws -> ByteBuffer {
        if request.headers.contains(.expect) {
            try await context.channel.triggerUserOutboundEvent(BodyWanted()).get()
        }
        // The connection hands a body on in one piece.
        var whole = ByteBuffer()
        for try await part in request.body { whole = part }
        return whole
    }

    /// The id in the path; what is no UUID names no webhook.
    func webhookID() throws(APIRefusal) -> WebhookID {
        guard let id = WebhookID(id) else { throw .noWebhook }
        return id
    }
}

/// The `Content-Type` field.
enum MediaTypeField {
    /// Whether it is `application/json`, at most with UTF-8 as its charset.
    static func isJSON(_ value: String) -> Bool {
        let parts = value.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmedOfSpaces)
        guard let type = parts.first, type.isSame(as: "application/json") else { return false }
        return parts.dropFirst().allSatisfy { parameter in
            guard let equals = parameter.firstIndex(of: "=") else { return parameter.isEmpty }
            guard parameter[..<equals].isSame(as: "charset") else { return true }
            let charset = parameter[parameter.index(after: equals)...]
            return charset.isSame(as: "utf-8") || charset.isSame(as: "\"utf-8\"")
        }
    }
}
