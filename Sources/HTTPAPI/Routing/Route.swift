import WebhookModel

/// Everything that can be asked of an API node.
enum Route: String, CaseIterable, Sendable {
    case listWebhooks, createWebhook, findWebhook, updateWebhook, deleteWebhook, rotateSecret
    case listAttempts, listDeadLetters, replay, test
    case postEvents
    case live, ready
    case openAPI, docs

    /// The scopes of which a key needs one; nil for a route that needs no key.
    var scopes: Scope? {
        switch self {
        case .listWebhooks, .findWebhook, .listAttempts, .listDeadLetters: [.webhooks, .read]
        case .createWebhook, .updateWebhook, .deleteWebhook, .rotateSecret, .replay, .test: .webhooks
        case .postEvents: .events
        case .live, .ready, .openAPI, .docs: nil
        }
    }

    /// Whether the request is its body: JSON, of that media type.
    var takesBody: Bool {
        switch self {
        case .createWebhook, .updateWebhook, .rotateSecret, .replay, .test, .postEvents: true
        case .listWebhooks, .findWebhook, .deleteWebhook, .listAttempts, .listDeadLetters, .live, .ready, .openAPI,
            .docs:
            false
        }
    }
}

extension Route {
    /// Whether a request without a body is complete.
    var isBodyOptional: Bool { self == .test }
}

/// What stands at one path.
struct Resource: Sendable {
    /// The path with `{id}` for the id of a webhook.
    let path: String
    /// Its routes by method, without HEAD and OPTIONS, which follow from them.
    let routes: [(method: String, route: Route)]
    /// The `Allow` field: every method that is answered.
    let allow: String

    init(_ path: String, _ routes: (method: String, route: Route)...) {
        self.path = path
        self.routes = routes
        var methods = routes.map(\.method)
        if let get = methods.firstIndex(of: "GET") { methods.insert("HEAD", at: get + 1) }
        allow = (methods + ["OPTIONS"]).joined(separator: ", ")
    }
}

/// Finds the route of a request by its method and path, byte for byte: no decoding, no empty segments, no final slash.
enum Routing {
    static let resources: [Resource] = [
        Resource("/rest/events", ("POST", .postEvents)),
        Resource("/rest/webhooks", ("GET", .listWebhooks), ("POST", .createWebhook)),
        Resource(
            "/rest/webhooks/{id}", ("GET", .findWebhook), ("PATCH", .updateWebhook), ("DELETE", .deleteWebhook)),
        Resource("/rest/webhooks/{id}/rotate-secret", ("POST", .rotateSecret)),
        Resource("/rest/webhooks/{id}/attempts", ("GET", .listAttempts)),
        Resource("/rest/webhooks/{id}/dead-letters", ("GET", .listDeadLetters)),
        Resource("/rest/webhooks/{id}/replay", ("POST", .replay)),
        Resource("/rest/webhooks/{id}/test", ("POST", .test)),
        Resource("/health/live", ("GET", .live)),
        Resource("/health/ready", ("GET", .ready)),
        Resource("/openapi.yaml", ("GET", .openAPI)),
        Resource("/docs", ("GET", .docs)),
    ]

    enum Outcome: Sendable {
        /// The route, and what stands for `{id}`; for HEAD the route of GET.
        case found(Route, id: Substring)
        /// OPTIONS.
        case options(allow: String)
        case methodNotAllowed(allow: String)
        case notFound
    }

    private static let fixed = Dictionary(
        uniqueKeysWithValues: resources.filter { !$0.path.contains("{id}") }.map { ($0.path, $0) })
    private static let idPrefix = "/rest/webhooks/"
    /// By what follows the id.
    private static let ofWebhook = Dictionary(
        uniqueKeysWithValues: resources.filter { $0.path.hasPrefix(idPrefix + "{id}") }.map {
            (String($0.path.dropFirst((idPrefix + "{id}").count)), $0)
        })

    /// - Parameter target: Path and query.
    static func resolve(_ method: String, _ target: String) -> Outcome {
        let (path, _) = split(target)
        guard let (resource, id) = resource(at: path) else { return .notFound }
        let wanted = method == "HEAD" ? "GET" : method
        if let route = resource.routes.first(where: { $0.method == wanted }) { return .found(route.route, id: id) }
        return method == "OPTIONS" ? .options(allow: resource.allow) : .methodNotAllowed(allow: resource.allow)
    }

    private static func resource(at path: Substring) -> (Resource, id: Substring)? {
        if let resource = fixed[String(path)] { return (resource, "") }
        guard path.utf8.starts(with: idPrefix.utf8) else { return nil }
        let rest = path.dropFirst(idPrefix.count)
        let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard end > rest.startIndex, let resource = ofWebhook[String(rest[end...])] else { return nil }
        return (resource, rest[..<end])
    }

    /// Whether a target is that of events, whatever the method.
    @Sendable static func isOfEvents(_ target: String) -> Bool { split(target).path == "/rest/events" }

    /// The path of a target and its query without the `?`.
    static func split(_ target: String) -> (path: Substring, query: Substring) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target[...], "") }
        return (target[..<mark], target[target.utf8.index(after: mark)...])
    }

    /// The most bytes of body that are read for a request.
    @Sendable static func bodyLimit(_ method: String, _ target: String) -> Int {
        if case .found(.postEvents, _) = resolve(method, target) { return APIConfiguration.largestBatch }
        return APIConfiguration.largestManagementBody
    }
}
