import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// A private Redis, a receiver and delivery engines in this process, driven as the API would.
final class DeliveryRig: Sendable {
    let redis: RedisServer
    let receiver: TestReceiver
    let shard: Shard
    let workspace: WorkspaceName
    private let client: RedisClient
    private let clientTask: Task<Void, Never>

    static func start(
        redis options: [String] = [], answer: @escaping TestReceiver.Script = { _ in .ok }
    ) async throws -> DeliveryRig {
        try await DeliveryRig(
            redis: RedisServer.start(options: options), receiver: TestReceiver.start(answer: answer))
    }

    private init(redis: RedisServer, receiver: TestReceiver) throws {
        self.redis = redis
        self.receiver = receiver
        workspace = try #require(WorkspaceName("w"))
        let client = RedisClient(
            RedisConfiguration(address: .unix(path: redis.socketPath), clientName: "rig"),
            on: MultiThreadedEventLoopGroup.singleton.next(), logger: Self.logger(), patience: .seconds(10))
        self.client = client
        shard = Shard(client)
        clientTask = Task { await client.run() }
    }

    deinit { clientTask.cancel() }

    private static func logger(_ level: Logger.Level = .critical) -> Logger {
        var logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    // MARK: Nodes

    func configuration() -> DeliveryConfiguration {
        var configuration = DeliveryConfiguration(
            redis: RedisConfiguration(address: .unix(path: redis.socketPath), clientName: "node"),
            targets: TargetPolicy(allowsHTTP: true, allowsPrivate: true), version: "test")
        configuration.lease = .seconds(6)
        configuration.attemptTimeout = .seconds(1)
        configuration.retrySchedule = RetrySchedule(delays: [50, 100, 150])
        return configuration
    }

    /// Starts a node; `run()` goes on in a task of its own until it is stopped or killed.
    func startNode(
        level: Logger.Level = .critical, log: LogRecorder? = nil,
        _ change: (inout DeliveryConfiguration) -> Void = { _ in }
    ) throws -> RunningNode {
        var configuration = configuration()
        change(&configuration)
        let engine = try DeliveryEngine(
            configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: log?.logger ?? Self.logger(level))
        return RunningNode(engine: engine, task: Task { await engine.run() })
    }

    // MARK: What the API does

    func createWebhook(
        path: String = "/", operations: [String] = ["*"], secret: Secret? = nil
    ) async throws -> WebhookID {
        let id = WebhookID.new(milliseconds: wallClockMilliseconds())
        var change = WebhookChange()
        change.set(targetUrl: receiver.url(path))
        change.set(operations: operations)
        change.set(isEnabled: true)
        change.set(secret: secret)
        try await WebhookStore(shard).create(workspace, id, change)
        return id
    }

    @discardableResult
    func ingest(_ operation: String = "people.created", count: Int = 1) async throws -> [EventID] {
        var ids: [EventID] = []
        while ids.count < count {
            let events = (0..<min(100, count - ids.count)).map { _ in storedEvent(operation) }
            let result = try await EventIntake(shard).ingest(events, workspace: workspace)
            guard case .accepted(let accepted) = result else { throw NotAccepted(result: result) }
            ids += accepted.map(\.id)
        }
        return ids
    }

    /// An event as the API stores it: the delivered body less its `webhookId`.
    private func storedEvent(_ operation: String) -> PreparedEvent {
        let id = EventID.new(milliseconds: wallClockMilliseconds())
        return PreparedEvent(id: id, body: Array(body(of: id, operation, webhook: nil).utf8))
    }

    func body(of event: EventID, _ operation: String = "people.created", webhook: WebhookID?) -> String {
        let middle = webhook.map { #""webhookId":"\#($0)","# } ?? ""
        return #"{"event":"\#(operation)","eventId":"\#(event)",\#(middle)"workspaceId":"\#(workspace)","#
            + #""recordId":"r1","record":{"id":"r1","n":1.50,"name":"Zoë"},"timestamp":"2026-04-29T10:30:00.123Z"}"#
    }

    // MARK: What is in Redis

    func command(_ name: StaticString, _ words: String...) async throws -> RedisValue {
        var command = RedisCommand(name)
        for word in words { command.arguments.append(word) }
        return try await client.execute(command)
    }

    func total(_ field: String) async throws -> Int {
        let value = try await command("HGET", shard.keys.totals, field)
        return value.isNull ? 0 : Int(try value.integer())
    }

    /// Waits until every delivery has its end: nothing open is left.
    func untilDrained(within limit: Duration = .seconds(20)) async throws {
        try await eventually(within: limit, "a drained backlog") {
            let value = try await command("HGET", shard.keys.backlog, "*")
            return try !value.isNull && value.integer() == 0
        }
    }

    func keys(_ pattern: String) async throws -> [String] {
        try await command("KEYS", shard.keys.prefix + pattern).array().map { value throws(RedisError) in
            try value.text()
        }
    }

    func lanes() async throws -> Int {
        Int(try await command("ZCARD", shard.keys.lanes).integer())
    }

    /// Waits until Redis holds nothing that must not be there when everything is delivered; ticks clear some of it.
    func untilClean() async throws {
        var left: [String] = []
        try await eventually(within: .seconds(10), "an empty Redis: \(left)") {
            left = try await leftovers()
            return left.isEmpty
        }
    }

    private func leftovers() async throws -> [String] {
        let temporary = [
            "event:*", "refs:*", "fanout:*", "events:*", "eventring", "claimed:*", "suspects", "queue:*", "ring:*",
            "retries", "purges", "trail:*",
        ]
        var left: [String] = []
        for pattern in temporary { left += try await keys(pattern) }
        return left
    }

    func stop() async throws {
        try await receiver.stop()
        clientTask.cancel()
        redis.kill()
    }
}

/// The API would have refused these events.
struct NotAccepted: Error {
    let result: IntakeResult
}

/// A node in this process.
struct RunningNode: Sendable {
    let engine: DeliveryEngine
    let task: Task<Void, Never>

    /// A graceful stop.
    func stop() async {
        engine.beginStop()
        await task.value
    }

    /// As if the process had died.
    func kill() async {
        task.cancel()
        await task.value
    }

    func untilReady() async throws {
        try await eventually(within: .seconds(10), "a ready node: \(engine.readiness.now().reason)") {
            engine.readiness.now().isReady
        }
    }
}
