import FoundationEssentials
import NIOHTTP1
import Synchronization
package import TestSupport

/// One Redis, API nodes and delivery nodes as processes of the built program.
package final class Fleet: Sendable {
    package struct APINode: Sendable {
        package let process: ChildProcess
        package let port: Int

        /// A client of its own connection to this node.
        package func client() -> HTTPTestClient { HTTPTestClient(port: port) }
    }

    package struct DeliveryNode: Sendable {
        package let process: ChildProcess
        package let healthPort: Int
    }

    package let redis: RedisServer
    package let directory: TemporaryDirectory
    package let executable: String
    private let settings: [String: String]
    /// Nodes run as long as the fleet does, whoever else holds them.
    private let nodes = Mutex<[ChildProcess]>([])

    /// Settings that let tests deliver to this machine, fail fast and retry soon.
    package static let quickSettings = [
        "WEBHOOKS_ALLOW_HTTP_TARGETS": "true", "WEBHOOKS_ALLOW_PRIVATE_TARGETS": "true",
        "WEBHOOKS_RETRY_DELAYS": "100ms,200ms,300ms", "WEBHOOKS_ATTEMPT_TIMEOUT": "2s", "WEBHOOKS_LEASE": "6s",
        "WEBHOOKS_LOG_FORMAT": "json", "WEBHOOKS_LOG_LEVEL": "info",
    ]

    /// Starts Redis alone; nodes are started one by one.
    ///
    /// - Parameter settings: `WEBHOOKS_` variables of every node, over ``quickSettings``.
    package init(redis: RedisServer, settings: [String: String] = [:]) throws {
        self.redis = redis
        directory = try TemporaryDirectory()
        executable = try builtExecutable()
        self.settings = Self.quickSettings.merging(settings) { $1 }
    }

    /// Starts an API node and waits until it is ready.
    package func startAPINode(_ name: String, settings more: [String: String] = [:]) async throws -> APINode {
        let port = try freePort()
        let process = try startNode(
            ["api"], name: name, settings: more.merging(["WEBHOOKS_LISTEN": "127.0.0.1:\(port)"]) { $1 })
        let node = APINode(process: process, port: port)
        try await untilReady(port: port, process)
        return node
    }

    /// Starts a delivery node and waits until it is ready.
    package func startDeliveryNode(_ name: String, settings more: [String: String] = [:]) async throws -> DeliveryNode {
        let port = try freePort()
        let process = try startNode(
            ["delivery"], name: name, settings: more.merging(["WEBHOOKS_METRICS_LISTEN": "127.0.0.1:\(port)"]) { $1 })
        let node = DeliveryNode(process: process, healthPort: port)
        try await untilReady(port: port, process)
        return node
    }

    /// An API key of a workspace, made by `webhooks keys create`.
    package func createKey(workspace: String, scopes: String = "webhooks,events") async throws -> String {
        let process = try start(
            ["keys", "create", "--workspace", workspace, "--name", "test", "--scopes", scopes],
            name: "keys-\(workspace)-\(UInt32.random(in: 0 ... .max))")
        guard try await process.exitStatus() == 0 else {
            throw ChildProcess.Failure(description: "keys create: \(process.errorOutput)")
        }
        return String(process.output.split(separator: "\n", omittingEmptySubsequences: true).first ?? "")
    }

    /// Runs a command of the program to its end.
    package func run(
        _ arguments: [String], settings more: [String: String] = [:]
    ) async throws
        -> (status: Int32, output: String, errorOutput: String)
    {
        let process = try start(arguments, name: "run-\(UInt64.random(in: 0 ... .max))", settings: more)
        let status = try await process.exitStatus()
        return (status, process.output, process.errorOutput)
    }

    private func start(
        _ arguments: [String], name: String, settings more: [String: String] = [:]
    ) throws -> ChildProcess {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WEBHOOKS_") }
        environment["WEBHOOKS_REDIS_URL"] = redis.url
        environment.merge(settings) { $1 }
        environment.merge(more) { $1 }
        // Commands that are no nodes refuse nothing of a node's settings: every name is known to every command.
        return try ChildProcess(
            executable, arguments, environment: environment, directory: directory.path, name: name)
    }

    private func startNode(
        _ arguments: [String], name: String, settings more: [String: String]
    ) throws -> ChildProcess {
        let process = try start(arguments, name: name, settings: more)
        nodes.withLock { $0.append(process) }
        return process
    }

    private func untilReady(port: Int, _ process: ChildProcess) async throws {
        let client = HTTPTestClient(port: port)
        try await eventually(within: .seconds(30), "a ready node: \(process.errorOutput)") {
            guard process.isRunning else {
                throw ChildProcess.Failure(description: "the node ended: \(process.errorOutput)")
            }
            return (try? await client.send(.GET, "/health/ready"))?.status == 200
        }
        await client.close()
    }
}
