import APIClient
import FleetSupport
import FoundationEssentials
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .timeLimit(.minutes(3)))
struct `What operators find out on the command line` {
    private struct Stage {
        let fleet: Fleet
        let receiver: TestReceiver
        let rest: RESTClient
        let view: RedisView

        /// Retries come too late for the test to see one.
        static func set() async throws -> Stage {
            let fleet = try Fleet(
                redis: try await RedisServer.start(tcp: true), settings: ["WEBHOOKS_RETRY_DELAYS": "10m,10m,10m"])
            let receiver = try await TestReceiver.start()
            let api = try await fleet.startAPINode("api")
            _ = try await fleet.startDeliveryNode("delivery")
            let key = try await fleet.createKey(workspace: "acme")
            return Stage(
                fleet: fleet, receiver: receiver, rest: RESTClient(http: api.client(), key: key),
                view: try await RedisView(fleet.redis))
        }

        func post(_ operation: String = "people.created") async throws -> String {
            try await rest.post(event: #"{"event":"\#(operation)","record":{"id":"1"}}"#)
        }

        func strike() async throws {
            await view.close()
            try await receiver.stop()
        }
    }

    private struct Endpoint: Decodable {
        let webhookId: String
        let workspace: String
        let state: String
        let consecutiveFailures: Int
        let lastError: String?
        let nextProbeAt: String?
        let waiting: Int
    }

    private struct Trace: Decodable {
        struct Delivery: Decodable {
            struct Attempt: Decodable {
                let outcome: String
                let statusCode: Int?
                let attempt: Int
            }
            let webhookId: String
            let place: String
            let attempts: [Attempt]
        }
        let eventId: String
        let workspace: String?
        let stage: String
        let references: Int?
        let deliveries: [Delivery]
    }

    private struct Look: Decodable {
        struct Node: Decodable { let host: String }
        struct Workspace: Decodable {
            let workspace: String
            let openItems: Int
        }
        let acceptedPerSecond: Double
        let openItems: Int
        let retries: Int
        let nodes: [Node]
        let workspaces: [Workspace]
        let endpoints: [Endpoint]
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    @Test func `a failing endpoint is found, its events are traced, and it is seen to come back`() async throws {
        let stage = try await Stage.set()
        stage.receiver.answer { $0.target == "/broken" ? .status(500) : .ok }
        let broken = try await stage.rest.register(target: stage.receiver.url("/broken"), operations: ["*"])
        let good = try await stage.rest.register(target: stage.receiver.url("/good"), operations: ["*"])
        var events: [String] = []
        for _ in 0..<5 {
            events.append(try await stage.post())
            try await eventually("attempt \(events.count)") { stage.receiver.requestCount >= events.count * 2 }
        }
        let list = ["endpoints", "list", "--state", "open", "--state", "half", "--json"]
        let endpoint = try await eventuallyValue("an open endpoint") { () -> Endpoint? in
            let answer = try await stage.fleet.run(list)
            return answer.output.isEmpty ? nil : try decode(Endpoint.self, answer.output)
        }
        #expect(endpoint.webhookId == broken && endpoint.workspace == "acme")
        #expect(endpoint.consecutiveFailures >= 5 && endpoint.lastError == "status")
        let all = try await stage.fleet.run(["endpoints", "list", "--workspace", "acme"])
        #expect(all.output.contains(good) && all.output.contains(broken) && all.output.hasPrefix("WEBHOOK"))
        #expect(try await stage.fleet.run(["endpoints", "list", "--state", "disabled"]).output == "none\n")

        let traced = try await stage.fleet.run(["events", "trace", events[0], "--json"])
        let trace = try decode(Trace.self, traced.output)
        #expect(traced.status == 0 && trace.workspace == "acme" && trace.stage == "fannedOut")
        #expect(trace.references == 1)
        let delivery = try #require(trace.deliveries.first { $0.webhookId == broken })
        #expect(delivery.place == "retry")
        #expect(delivery.attempts.map(\.statusCode) == [500] && delivery.attempts.map(\.outcome) == ["failed"])

        let top = try await stage.fleet.run(["top", "--json", "--count", "1", "--interval", "500ms"])
        let look = try decode(Look.self, top.output)
        #expect(top.status == 0 && look.nodes.count == 1 && look.retries == 5 && look.openItems == 5)
        #expect(look.workspaces.map(\.workspace) == ["acme"] && look.workspaces.map(\.openItems) == [5])
        #expect(look.endpoints.map(\.webhookId) == [broken])
        let line = try await stage.fleet.run(["top", "--count", "2", "--interval", "500ms"])
        #expect(line.output.split(separator: "\n").count == 2)
        #expect(line.output.contains(" failing 1 ") && line.output.contains(" retries 5 "))
        #expect(!line.output.contains("\u{1b}"))
        try await stage.strike()
    }

    @Test func `an event that is gone needs its workspace, and one that nobody knows is exit status 1`() async throws {
        let stage = try await Stage.set()
        let webhook = try await stage.rest.register(target: stage.receiver.url("/"), operations: ["*"])
        let event = try await stage.post()
        try await stage.view.drained(within: .seconds(10))
        let without = try await stage.fleet.run(["events", "trace", event])
        #expect(without.status == 1 && without.output.contains("--workspace"))
        let with = try await stage.fleet.run(["events", "trace", event, "--workspace", "acme", "--json"])
        let trace = try decode(Trace.self, with.output)
        #expect(with.status == 0 && trace.stage == "gone")
        #expect(trace.deliveries.map(\.webhookId) == [webhook] && trace.deliveries.map(\.place) == ["final"])
        #expect(trace.deliveries.first?.attempts.map(\.outcome) == ["delivered"])
        #expect(try await stage.fleet.run(["events", "trace", "nonsense"]).status == 64)
        try await stage.strike()
    }

    @Test func `each place where a delivery can wait is named`() async throws {
        let stage = try await Stage.set()
        let workspace = try #require(WorkspaceName("acme"))
        let keys = StoreKeys.shard0
        let now = try await stage.view.connection.serverTime()
        let event = EventID.new(milliseconds: now)
        func redis(_ name: StaticString, _ words: String...) async throws {
            var command = RedisCommand(name)
            for word in words { command.arguments.append(word) }
            _ = try await stage.view.connection.execute(command)
        }
        // Kept from the node by a state that sends nothing.
        var webhooks: [WebhookID] = []
        for index in 0..<4 {
            let webhook = WebhookID.new(milliseconds: now + Int64(index))
            webhooks.append(webhook)
            try await redis("ZADD", keys.webhooks(workspace), "\(now + Int64(index))", "\(webhook)")
            try await redis("HSET", keys.endpoint(webhook), "ws", "acme", "state", "open")
        }
        try await redis(
            "SET", keys.event(event),
            #"{"event":"people.created","eventId":"\#(event)","workspaceId":"acme","record":{}}"#)
        for _ in 0..<1500 { try await redis("RPUSH", keys.queue(webhooks[0]), "\(EventID.new(milliseconds: now))#0") }
        try await redis("RPUSH", keys.queue(webhooks[0]), "\(event)#0")
        try await redis("ZADD", keys.retries, "\(now + 600_000)", "\(event)>\(webhooks[1])#2")
        try await redis("ZADD", keys.dead(webhooks[2]), "\(now)", "\(event)")
        try await redis("ZADD", keys.lanes, "\(now + 600_000)", "another")
        try await redis("SADD", keys.claimed("another"), "\(event)>\(webhooks[3])#0.1")
        let answer = try await stage.fleet.run(["events", "trace", "\(event)", "--json"])
        let trace = try decode(Trace.self, answer.output)
        #expect(trace.deliveries.map(\.webhookId) == webhooks.map(\.description))
        #expect(trace.deliveries.map(\.place) == ["queue", "retry", "dead", "claimed"])
        #expect(answer.output.contains(#""position":1501"#))
        try await stage.strike()
    }

    @Test func `a user that may only read can run all of them`() async throws {
        let stage = try await Stage.set()
        _ = try await stage.rest.register(target: stage.receiver.url("/"), operations: ["*"])
        let event = try await stage.post()
        try await stage.view.drained(within: .seconds(10))
        _ = try await stage.view.connection.execute(
            RedisCommand(
                "ACL", "SETUSER", "reader", "on", ">secret", "%R~wh:{0}:*", "-@all", "+@read", "+@connection", "+time",
                "+info", "+evalsha_ro", "+script|load"))
        let url = "redis://reader:secret@127.0.0.1:\(stage.fleet.redis.port)/0"
        for command in [
            ["top", "--count", "1", "--interval", "500ms"], ["endpoints", "list"],
            ["events", "trace", event, "--workspace", "acme"],
        ] {
            let answer = try await stage.fleet.run(command, settings: ["WEBHOOKS_REDIS_URL": url])
            #expect(answer.status == 0 && answer.errorOutput == "", "\(command): \(answer.errorOutput)")
        }
        try await stage.strike()
    }
}
