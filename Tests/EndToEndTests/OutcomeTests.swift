import APIClient
import Synchronization
import FleetSupport
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel

@Suite(.serialized, .timeLimit(.minutes(3)))
struct `What becomes of a delivery` {
    /// One API node, one delivery node, one workspace.
    private struct Stage {
        let fleet: Fleet
        let receiver: TestReceiver
        let client: RESTClient
        let producer: Producer
        let view: RedisView

        static func set(settings: [String: String] = [:]) async throws -> Stage {
            let fleet = try Fleet(redis: try await RedisServer.start(), settings: settings)
            let receiver = try await TestReceiver.start()
            let api = try await fleet.startAPINode("api")
            _ = try await fleet.startDeliveryNode("delivery")
            let key = try await fleet.createKey(workspace: "acme")
            return Stage(
                fleet: fleet, receiver: receiver, client: RESTClient(http: api.client(), key: key),
                producer: Producer(workspace: "acme", key: key), view: try await RedisView(fleet.redis))
        }

        func strike() async throws {
            await view.close()
            try await receiver.stop()
        }
    }

    @Test func `a target that fails twice is delivered on the third attempt with the same id and bytes`() async throws {
        let stage = try await Stage.set()
        stage.receiver.answer { $0.number <= 2 ? .status(500) : .ok }
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let webhook = try await stage.client.register(
            target: stage.receiver.url("/flaky"), operations: ["people.created"], secret: secret)
        let event = stage.producer.event(3)
        let id = try await stage.client.post(event: stage.producer.json(event))
        try await eventually(within: .seconds(20), "the third attempt") { stage.receiver.requestCount == 3 }
        try await stage.view.drained(within: .seconds(10))
        let wanted = stage.producer.delivered(event, eventID: id, webhookID: webhook)
        for request in stage.receiver.requests {
            #expect(String(decoding: request.body, as: UTF8.self) == wanted)
            #expect(request.field("webhook-id") == id)
            #expect(throws: Never.self) {
                try StandardWebhookVerifier(try Secret(secret)).verify(
                    id: id, timestamp: request.field("webhook-timestamp") ?? "",
                    signature: request.field("webhook-signature") ?? "", body: request.body, now: secondsNow())
            }
        }
        #expect(try await stage.view.totals()["delivered"] == 1)
        #expect(try await stage.view.totals()["failed"] == 2)
        #expect(try await stage.view.checkDrainedTotals() == [])
        try await stage.strike()
    }

    @Test func `a target that always fails ends as a dead letter with its attempts, and is replayed`() async throws {
        let stage = try await Stage.set()
        stage.receiver.answer { _ in .status(500) }
        let webhook = try await stage.client.register(target: stage.receiver.url("/down"), operations: ["*"])
        let id = try await stage.client.post(event: stage.producer.json(stage.producer.event(0)))
        try await stage.view.drained(within: .seconds(30))
        let list = try await stage.fleet.run(["dead", "list", "--webhook", webhook, "--json"])
        #expect(list.status == 0, "\(list.errorOutput)")
        #expect(list.output.contains(#""eventId":"\#(id)","reason":"exhausted","attempts":4"#), "\(list.output)")
        #expect(list.output.components(separatedBy: #""statusCode":500"#).count - 1 == 4, "\(list.output)")
        #expect(stage.receiver.requestCount == 4)

        stage.receiver.answer { _ in .ok }
        let replay = try await stage.fleet.run(["dead", "replay", "--webhook", webhook])
        #expect(replay.output == "1 replayed, 0 remaining\n")
        try await eventually(within: .seconds(40), "the replayed delivery") { stage.receiver.requestCount == 5 }
        #expect(stage.receiver.requests[4].field("webhook-id") == id)
        #expect(stage.receiver.requests[4].body == stage.receiver.requests[0].body)
        try await stage.view.drained(within: .seconds(10))
        #expect(try await stage.view.checkDrainedTotals() == [])
        try await stage.strike()
    }

    @Test func `a hanging target is cut at the deadline`() async throws {
        let stage = try await Stage.set(settings: [
            "WEBHOOKS_ATTEMPT_TIMEOUT": "1s", "WEBHOOKS_RETRY_DELAYS": "",
        ])
        stage.receiver.answer { _ in .hang }
        let webhook = try await stage.client.register(target: stage.receiver.url("/hang"), operations: ["*"])
        let start = ContinuousClock.now
        _ = try await stage.client.post(event: stage.producer.json(stage.producer.event(0)))
        try await stage.view.drained(within: .seconds(10))
        let took = ContinuousClock.now - start
        #expect(took > .milliseconds(900) && took < .seconds(3), "took \(took)")
        let list = try await stage.fleet.run(["dead", "list", "--webhook", webhook, "--json"])
        #expect(list.output.contains(#""error":"timeout""#), "\(list.output)")
        try await stage.strike()
    }

    @Test func `410 disables the webhook and nothing is sent to it any more`() async throws {
        let stage = try await Stage.set()
        stage.receiver.answer { _ in .status(410) }
        let webhook = try await stage.client.register(target: stage.receiver.url("/gone"), operations: ["*"])
        _ = try await stage.client.post(event: stage.producer.json(stage.producer.event(0)))
        try await stage.view.drained(within: .seconds(10))
        let answer = try await stage.client.http.send(
            .GET, "/rest/webhooks/\(webhook)", headers: stage.client.headers)
        #expect(answer.text.contains(#""isEnabled":false"#) && answer.text.contains(#""disabledReason":"gone""#))
        _ = try await stage.client.post(event: stage.producer.json(stage.producer.event(1)))
        try await stage.view.drained(within: .seconds(10))
        #expect(stage.receiver.requestCount == 1)
        try await stage.strike()
    }

    @Test func `without Redis the API answers 503 with Retry-After, and both nodes recover by themselves`() async throws
    {
        let stage = try await Stage.set()
        _ = try await stage.client.register(target: stage.receiver.url("/hook"), operations: ["*"])
        let directory = stage.fleet.redis
        directory.kill()
        let start = ContinuousClock.now
        let refused = try await stage.client.http.send(
            .POST, "/rest/events", headers: stage.client.headers, json: stage.producer.json(stage.producer.event(0)))
        #expect(refused.status == 503)
        #expect(refused.headers.first(name: "retry-after") != nil)
        #expect(ContinuousClock.now - start < .seconds(3))
        try await eventually(within: .seconds(3), "red readiness") {
            try await stage.client.http.send(.GET, "/health/ready").status == 503
        }
        #expect(try await stage.client.http.send(.GET, "/health/live").status == 200)
        // It comes back empty: keys and webhooks are made anew.
        try await directory.restart()
        try await eventually(within: .seconds(6), "green readiness") {
            try await stage.client.http.send(.GET, "/health/ready").status == 200
        }
        let key = try await stage.fleet.createKey(workspace: "acme")
        let client = RESTClient(http: stage.client.http, key: key)
        _ = try await client.register(target: stage.receiver.url("/again"), operations: ["*"])
        _ = try await client.post(event: stage.producer.json(stage.producer.event(1)))
        try await eventually(within: .seconds(10), "a delivery again") { stage.receiver.requestCount == 1 }
        try await stage.receiver.stop()
    }
}
