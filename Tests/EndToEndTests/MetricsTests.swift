import APIClient
import FleetSupport
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct `What operators see of running nodes` {
    /// An API node and a delivery node, each with its listener for operators.
    private struct Stage {
        let fleet: Fleet
        let receiver: TestReceiver
        let api: Fleet.APINode
        let apiMetrics: HTTPTestClient
        let deliveryMetrics: HTTPTestClient
        let key: String

        static func set(settings: [String: String] = [:]) async throws -> Stage {
            let fleet = try Fleet(redis: try await RedisServer.start(tcp: true), settings: settings)
            let port = try freePort()
            let api = try await fleet.startAPINode(
                "api", settings: ["WEBHOOKS_METRICS_LISTEN": "127.0.0.1:\(port)"])
            let delivery = try await fleet.startDeliveryNode("delivery")
            return Stage(
                fleet: fleet, receiver: try await TestReceiver.start(), api: api,
                apiMetrics: HTTPTestClient(port: port), deliveryMetrics: HTTPTestClient(port: delivery.healthPort),
                key: try await fleet.createKey(workspace: "acme"))
        }

        func strike() async throws { try await receiver.stop() }
    }

    private func scrape(_ client: HTTPTestClient) async throws -> [String: Double] {
        let response = try await client.send(.GET, "/metrics")
        #expect(response.status == 200)
        #expect(response.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
        var values: [String: Double] = [:]
        for line in response.text.split(separator: "\n") where !line.hasPrefix("#") {
            let space = try #require(line.lastIndex(of: " "))
            let value: Double = try #require(Double(line[line.index(after: space)...]))
            values[String(line[..<space])] = value
        }
        return values
    }

    @Test func `events that are accepted, repeated and refused move their counters, and deliveries theirs`()
        async throws
    {
        let stage = try await Stage.set()
        let client = stage.api.client()
        func post(_ body: String, key: String? = nil, type: String = "application/json") async throws -> Int {
            let headers: HTTPHeaders = ["authorization": "Bearer \(key ?? stage.key)", "content-type": type]
            return try await client.send(.POST, "/rest/events", headers: headers, json: body).status
        }
        let rest = RESTClient(http: stage.api.client(), key: stage.key)
        _ = try await rest.register(target: stage.receiver.url("/"), operations: ["*"])
        let event = #"{"event":"people.created","record":{"id":"1"},"id":"mine"}"#
        #expect(try await post(event) == 202)
        #expect(try await post(event) == 202)
        #expect(try await post("{") == 400)
        #expect(try await post(event, key: "nobody") == 401)
        #expect(try await post(event, type: "text/plain") == 415)
        let large: HTTPHeaders = [
            "authorization": "Bearer \(stage.key)", "content-type": "application/json", "content-length": "5000000",
        ]
        #expect(try await client.send(.POST, "/rest/events", headers: large).status == 413)
        let api = try await scrape(stage.apiMetrics)
        #expect(api["webhooks_events_accepted_total"] == 1)
        #expect(api["webhooks_events_duplicate_total"] == 1)
        for (reason, count) in ["invalid": 1, "unauthorized": 1, "media_type": 1, "too_large": 1, "limited": 0] {
            #expect(api["webhooks_event_requests_refused_total{reason=\"\(reason)\"}"] == Double(count), "\(reason)")
        }
        #expect(api["webhooks_http_requests_total{class=\"4xx\"}"] == 4)
        #expect((api["webhooks_http_requests_total{class=\"2xx\"}"] ?? 0) >= 3)
        try await eventually("the delivery on the page") {
            try await scrape(stage.deliveryMetrics)["webhooks_attempts_total{result=\"delivered\"}"] == 1
        }
        let delivery = try await scrape(stage.deliveryMetrics)
        #expect(delivery["webhooks_attempts_in_flight_limit"] == 1024)
        #expect(delivery["webhooks_attempts_in_flight"] == 0)
        #expect(delivery["webhooks_lane_ready"] == 1)
        #expect(delivery["webhooks_target_connections_opened_total"] == 1)
        #expect(delivery.count < 500 && api.count < 500)
        try await stage.strike()
    }

    @Test func `requests that are forbidden, in conflict, over a rate or too early move their counters`() async throws {
        let stage = try await Stage.set(settings: ["WEBHOOKS_EVENT_RATE": "1"])
        let client = stage.api.client()
        func post(_ record: String, key: String? = nil, request: String? = nil) async throws -> Int {
            var headers: HTTPHeaders = ["authorization": "Bearer \(key ?? stage.key)"]
            if let request { headers.add(name: "idempotency-key", value: request) }
            return try await client.send(
                .POST, "/rest/events", headers: headers, json: #"{"event":"task.created","record":{"id":"\#(record)"}}"#
            ).status
        }
        let reader = try await stage.fleet.createKey(workspace: "acme", scopes: "read")
        #expect(try await post("1", key: reader) == 403)
        let other = try await stage.fleet.createKey(workspace: "other")
        #expect(try await post("1", key: other, request: "once") == 202)
        #expect(try await post("2", key: other, request: "once") == 409)
        try await eventually("a request over the rate") { try await post("3") == 429 }
        // A key that this node has not seen yet cannot be looked up without Redis.
        let unseen = try await stage.fleet.createKey(workspace: "unseen")
        stage.fleet.redis.kill()
        try await eventually("a request that comes too early") { try await post("4", key: unseen) == 503 }
        let page = try await scrape(stage.apiMetrics)
        for reason in ["forbidden", "conflict", "limited", "unavailable"] {
            #expect((page["webhooks_event_requests_refused_total{reason=\"\(reason)\"}"] ?? 0) >= 1, "\(reason)")
        }
        #expect((page["webhooks_http_requests_total{class=\"5xx\"}"] ?? 0) >= 1)
        try await stage.strike()
    }

    @Test func `the pages pass promtool and name no id, URL, key or workspace`() async throws {
        let stage = try await Stage.set()
        let rest = RESTClient(http: stage.api.client(), key: stage.key)
        let webhook = try await rest.register(target: stage.receiver.url("/secret-path"), operations: ["*"])
        let id = try await rest.post(event: #"{"event":"people.created","record":{"id":"1"}}"#)
        try await eventually("the delivery") { stage.receiver.requestCount == 1 }
        for (name, client) in [("api", stage.apiMetrics), ("delivery", stage.deliveryMetrics)] {
            let page = try await client.send(.GET, "/metrics").text
            for hidden in [webhook, id, "acme", "secret-path", stage.key, stage.key.prefix(12).description] {
                #expect(!page.contains(hidden), "\(name): \(hidden)")
            }
            let path = "\(stage.fleet.directory.path)/\(name).prom"
            try Data(page.utf8).write(to: URL(filePath: path))
            let lint = try ChildProcess(
                "sh", ["-c", "promtool check metrics <\"$0\"", path], directory: stage.fleet.directory.path,
                name: "promtool-\(name)")
            #expect(try await lint.exitStatus() == 0, "\(lint.output)\(lint.errorOutput)")
            #expect(lint.output + lint.errorOutput == "")
        }
        try await stage.strike()
    }

    @Test func `metrics and reasons are on the listener for operators alone`() async throws {
        let stage = try await Stage.set()
        #expect(try await stage.api.client().send(.GET, "/metrics").status == 404)
        #expect(try await stage.apiMetrics.send(.GET, "/rest/webhooks").status == 404)
        #expect(try await stage.apiMetrics.send(.POST, "/metrics").status == 405)
        let open = try await stage.apiMetrics.send(.GET, "/health/ready")
        // Without an append-only file Redis loses everything at a restart: said, though the node can work.
        #expect(open.status == 200 && open.text.contains("append-only"))
        let plain = try await stage.api.client().send(.GET, "/health/ready")
        #expect(plain.text == #"{"status":"ok"}"#)
        try await stage.strike()
    }

    @Test func `both nodes are red within two seconds of Redis's death and green within five of its return`()
        async throws
    {
        let stage = try await Stage.set()
        func red(_ client: HTTPTestClient, _ reason: String) async throws -> Bool {
            let response = try await client.send(.GET, "/health/ready")
            return response.status == 503 && response.text.contains(reason)
        }
        let open = stage.api.client()
        stage.fleet.redis.kill()
        try await eventually(within: .seconds(2), "red nodes") {
            let publicStatus = try await open.send(.GET, "/health/ready").status
            let isAPIRed = try await red(stage.apiMetrics, "Redis is away")
            let isDeliveryRed = try await red(stage.deliveryMetrics, "Redis is away")
            return isAPIRed && isDeliveryRed && publicStatus == 503
        }
        #expect(try await stage.deliveryMetrics.send(.GET, "/health/live").status == 200)
        #expect(try await scrape(stage.deliveryMetrics)["webhooks_shard_up"] == 0)
        try await stage.fleet.redis.restart()
        try await eventually(within: .seconds(5), "green nodes") {
            let statuses = [
                try await open.send(.GET, "/health/ready").status,
                try await stage.apiMetrics.send(.GET, "/health/ready").status,
                try await stage.deliveryMetrics.send(.GET, "/health/ready").status,
            ]
            return statuses == [200, 200, 200]
        }
        stage.fleet.redis.pause()
        try await eventually(within: .seconds(2), "a red delivery node while Redis hangs") {
            try await red(stage.deliveryMetrics, "Redis")
        }
        stage.fleet.redis.resume()
        try await eventually(within: .seconds(5), "a green delivery node") {
            try await stage.deliveryMetrics.send(.GET, "/health/ready").status == 200
        }
        try await stage.strike()
    }
}
