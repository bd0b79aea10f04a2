import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import HTTPAPI

/// A private Redis and API nodes in this process, with workspaces `acme` and `other` and a key for each.
final class APIRig: Sendable {
    let redis: RedisServer
    let shard: Shard
    /// A key of `acme` with the scopes `webhooks` and `events`.
    let key: String
    /// The same of `other`.
    let otherKey: String
    private let client: RedisClient
    private let clientTask: Task<Void, Never>

    static func start(redis options: [String] = []) async throws -> APIRig {
        let redis = try await RedisServer.start(options: options)
        let client = RedisClient(
            RedisConfiguration(address: .unix(path: redis.socketPath), clientName: "rig"),
            on: MultiThreadedEventLoopGroup.singleton.next(), logger: quiet, patience: .seconds(10))
        let task = Task { await client.run() }
        let shard = Shard(client)
        return APIRig(
            redis: redis, shard: shard, key: try await createKey(shard), otherKey: try await createKey(shard, "other"),
            client: client, clientTask: task)
    }

    private init(
        redis: RedisServer, shard: Shard, key: String, otherKey: String, client: RedisClient,
        clientTask: Task<Void, Never>
    ) {
        self.redis = redis
        self.shard = shard
        self.key = key
        self.otherKey = otherKey
        self.client = client
        self.clientTask = clientTask
    }

    deinit { clientTask.cancel() }

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    // MARK: Nodes

    /// A node that runs until its value goes.
    final class Node: Sendable {
        let port: Int
        private let task: Task<Void, any Error>

        fileprivate init(_ configuration: APIConfiguration, logger: Logger) async throws {
            let node = APINode(configuration, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
            task = Task { try await node.run() }
            port = try await node.port
            let client = HTTPTestClient(port: port)
            try await eventually("a ready node") { try await client.send(.GET, "/health/ready").status == 200 }
            await client.close()
        }

        deinit { task.cancel() }

        func client() -> HTTPTestClient { HTTPTestClient(port: port) }
        func connect() async throws -> RawHTTPConnection { try await RawHTTPConnection.open(port: port) }
    }

    /// Starts a node that takes http and private targets, and waits until it is ready.
    func startNode(
        logger: Logger = quiet, _ change: (inout APIConfiguration) -> Void = { _ in }
    ) async throws -> Node {
        var configuration = APIConfiguration(
            redis: RedisConfiguration(address: .unix(path: redis.socketPath), clientName: "api"))
        configuration.port = 0
        configuration.allowsHTTPTargets = true
        configuration.allowsPrivateTargets = true
        change(&configuration)
        return try await Node(configuration, logger: logger)
    }

    // MARK: Keys and what is stored

    static func createKey(
        _ shard: Shard, _ workspace: String = "acme", scopes: Scope = [.webhooks, .events], expiresAt: Int64? = nil
    ) async throws -> String {
        let token = APIKeyToken.generate()
        try await APIKeyStore(shard).create(
            token, workspace: try #require(WorkspaceName(workspace)), name: "test", scopes: scopes,
            expiresAt: expiresAt)
        return token.exposedText
    }

    func createKey(
        _ workspace: String = "acme", scopes: Scope = [.webhooks, .events], expiresAt: Int64? = nil
    ) async throws -> String {
        try await Self.createKey(shard, workspace, scopes: scopes, expiresAt: expiresAt)
    }

    /// The bodies of the events that wait for fan-out, in the order in which they were accepted.
    func waitingEvents(_ workspace: String = "acme") async throws -> [String] {
        let name = try #require(WorkspaceName(workspace))
        let ids = try await client.execute(RedisCommand("LRANGE", shard.keys.events(name), "0", "-1")).array()
        var bodies: [String] = []
        for id in ids {
            let event = try #require(EventID(try id.text()))
            bodies.append(try await client.execute(RedisCommand("GET", shard.keys.event(event))).text())
        }
        return bodies
    }

    /// How many events a workspace has waiting.
    func waitingCount(_ workspace: String = "acme") async throws -> Int {
        let name = try #require(WorkspaceName(workspace))
        return Int(try await client.execute(RedisCommand("LLEN", shard.keys.events(name))).integer())
    }

    func command(_ command: RedisCommand) async throws -> RedisValue { try await client.execute(command) }
}

extension HTTPTestClient {
    /// A request with a key and, where there is one, a JSON body.
    func call(
        _ method: HTTPMethod, _ target: String, key: String, json: String? = nil, headers more: HTTPHeaders = [:]
    ) async throws -> HTTPTestResponse {
        var headers = more
        headers.add(name: "authorization", value: "Bearer \(key)")
        if let json { return try await send(method, target, headers: headers, json: json) }
        return try await send(method, target, headers: headers)
    }
}

extension HTTPTestResponse {
    /// The messages of an error envelope whose status and name agree with the answer's.
    var refusal: [String]? {
        guard let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(body.readableBytesView)),
            envelope.statusCode == status, envelope.error == ErrorJSON.name(ofStatus: status),
            !envelope.messages.isEmpty
        else { return nil }
        return envelope.messages
    }
}

extension RawHTTPConnection.Answer {
    /// Whether it is the error envelope for its own status.
    var isRefusal: Bool {
        guard let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(body.utf8)) else { return false }
        return envelope.statusCode == status && envelope.error == ErrorJSON.name(ofStatus: status)
            && !envelope.messages.isEmpty && field("content-type") == "application/json"
    }
}

private struct Envelope: Decodable {
    let statusCode: Int
    let error: String
    let messages: [String]
}

extension HTTPTestClient {
    /// Registers a webhook and gives its id.
    func createWebhook(
        _ key: String, target: String = "https://example.com/hook", operations: String = #"["*"]"#,
        secret: String? = nil
    ) async throws -> String {
        let secretField = secret.map { #","secret":"\#($0)""# } ?? ""
        let answer = try await call(
            .POST, "/rest/webhooks", key: key,
            json: #"{"targetUrl":"\#(target)","operations":\#(operations)\#(secretField)}"#)
        return try #require(answer.string("data", "createWebhook", "id"), "\(answer.text)")
    }
}

extension HTTPTestResponse {
    /// The JSON value at a path of member names; nil when there is none.
    func value(_ path: String...) -> JSONValue? { value(path) }

    /// The text at a path of member names.
    func string(_ path: String...) -> String? { value(path)?.string }

    private func value(_ path: [String]) -> JSONValue? {
        guard
            let document = try? JSONDocument(
                Array(body.readableBytesView), limits: JSONLimits(depth: 64, members: 1_000_000))
        else { return nil }
        var value = document.root
        for name in path {
            guard let member = value.members?.first(where: { $0.key == name }) else { return nil }
            value = member
        }
        return value
    }
}
