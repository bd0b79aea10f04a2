import APIClient
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

/// An API node in this process with a Redis of its own, for the tests of one suite; each takes a workspace of its own.
struct OwnNode: SuiteTrait, TestScoping {
    struct Current: Sendable {
        let port: Int
        let connection: RedisConnection

        /// A client with a key of a new workspace.
        func client(scopes: Scope = [.webhooks, .events]) async throws -> RESTClient {
            let name = "w\(UInt64.random(in: 0 ... .max))"
            return try await client(workspace: #require(WorkspaceName(name)), scopes: scopes)
        }

        /// A client with a new key of a workspace.
        func client(workspace: WorkspaceName, scopes: Scope) async throws -> RESTClient {
            let token = APIKeyToken.generate()
            try await APIKeyStore(Shard(connection)).create(
                token, workspace: workspace, name: "test", scopes: scopes, expiresAt: nil)
            return RESTClient(http: HTTPTestClient(port: port), key: token.exposedText)
        }
    }

    @TaskLocal private static var running: Current?

    /// The node of the suite.
    static var current: Current { get throws { try #require(running) } }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let server = try await RedisServer.start()
        var redis = try RedisConfiguration(url: server.url)
        redis.commandTimeout = .seconds(20)
        let group = MultiThreadedEventLoopGroup.singleton
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let connection = try await RedisConnection.connect(redis, on: group.next(), logger: logger)
        var configuration = APIConfiguration(redis: redis)
        configuration.port = 0
        configuration.allowsHTTPTargets = true
        configuration.allowsPrivateTargets = true
        let node = APINode(configuration, group: group, logger: logger)
        let running = Task { try await node.run() }
        defer { running.cancel() }
        let port = try await node.port
        try await Self.$running.withValue(Current(port: port, connection: connection)) { try await function() }
        await connection.close()
    }
}

extension Trait where Self == OwnNode {
    static var ownNode: OwnNode { OwnNode() }
}
