import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// One node, one Redis, one receiver: what becomes of an event.
@Suite(.timeLimit(.minutes(1))) struct EngineDeliveryTests {
    @Test func `an accepted event is delivered with the right bytes and a signature that verifies`() async throws {
        let rig = try await DeliveryRig.start()
        let node = try rig.startNode()
        let secret = try Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let webhook = try await rig.createWebhook(path: "/hook?a=b", secret: secret)
        let event = try #require(try await rig.ingest().first)
        try await eventually("the delivery") { rig.receiver.requestCount == 1 }
        let request = try #require(rig.receiver.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/hook?a=b")
        #expect(String(decoding: request.body, as: UTF8.self) == rig.body(of: event, webhook: webhook))
        #expect(request.field("content-type") == "application/json")
        #expect(request.field("user-agent") == "Dalil-Webhooks/test")
        #expect(request.field("webhook-id") == "\(event)")
        try StandardWebhookVerifier(secret).verify(
            id: try #require(request.field("webhook-id")), timestamp: try #require(request.field("webhook-timestamp")),
            signature: try #require(request.field("webhook-signature")), body: request.body,
            now: wallClockMilliseconds() / 1000)
        try await rig.untilDrained()
        #expect(try await rig.total("delivered") == 1)
        try await rig.untilClean()
        await node.stop()
        try await rig.stop()
    }

    @Test func `two failures and a success are three attempts with the same id and bytes`() async throws {
        let rig = try await DeliveryRig.start { $0.number <= 2 ? .status(500) : .ok }
        let node = try rig.startNode()
        _ = try await rig.createWebhook()
        try await rig.ingest()
        try await eventually("three attempts") { rig.receiver.requestCount == 3 }
        try await rig.untilDrained()
        let requests = rig.receiver.requests
        #expect(Set(requests.map(\.body)).count == 1)
        #expect(Set(requests.map { $0.field("webhook-id") }).count == 1)
        #expect(try await rig.total("failed") == 2)
        #expect(try await rig.total("delivered") == 1)
        try await rig.untilClean()
        await node.stop()
        try await rig.stop()
    }

    @Test func `what always fails becomes a dead letter with its attempts`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(500, body: Array("no".utf8)) }
        let node = try rig.startNode()
        let webhook = try await rig.createWebhook()
        let event = try #require(try await rig.ingest().first)
        try await rig.untilDrained()
        #expect(rig.receiver.requestCount == 4)
        let letter = try #require(try await rig.deadLetters(of: webhook).first)
        #expect(letter.event == event)
        #expect(letter.reason == "exhausted")
        #expect(letter.attempts == 4)
        #expect(letter.attemptLines.components(of: "\"statusCode\":500") == 4)
        await node.stop()
        try await rig.stop()
    }

    @Test func `a receiver that hangs is cut off at the deadline and tried again`() async throws {
        let rig = try await DeliveryRig.start { $0.number == 1 ? .hang : .ok }
        let node = try rig.startNode { $0.attemptTimeout = .milliseconds(300) }
        let webhook = try await rig.createWebhook()
        let clock = ContinuousClock()
        let start = clock.now
        try await rig.ingest()
        try await eventually("the second attempt") { rig.receiver.requestCount == 2 }
        #expect(clock.now - start >= .milliseconds(300))
        try await rig.untilDrained()
        let failures = try await rig.command("LRANGE", rig.shard.keys.failures(webhook), "0", "-1").array()
        #expect(failures.count == 1)
        #expect(try failures.first?.text().contains("\"error\":\"timeout\"") == true)
        await node.stop()
        try await rig.stop()
    }

    @Test func `an attempt of more than two seconds makes its endpoint slow while it runs`() async throws {
        let rig = try await DeliveryRig.start()
        let node = try rig.startNode {
            $0.lease = .seconds(15)
            $0.attemptTimeout = .seconds(10)
        }
        let webhook = try await rig.createWebhook()
        try await rig.ingest()
        try await eventually("a fast endpoint") { try await rig.endpoint(webhook, "fastAt") > 0 }
        rig.receiver.answer { _ in .status(200, after: .seconds(5)) }
        try await rig.ingest()
        try await eventually("the attempt") { rig.receiver.requestCount == 2 }
        try await eventually(within: .seconds(4), "a slow endpoint") {
            try await rig.endpoint(webhook, "fastAt") == 0
        }
        #expect(try await rig.endpoint(webhook, "inflight") == 1)
        await node.kill()
        try await rig.stop()
    }

    @Test func `410 is a dead letter and disables the webhook`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(410) }
        let node = try rig.startNode()
        let webhook = try await rig.createWebhook()
        try await rig.ingest()
        try await rig.untilDrained()
        let stored = try #require(try await WebhookStore(rig.shard).find(rig.workspace, webhook))
        #expect(!stored.isEnabled)
        #expect(stored.disabledReason == .gone)
        #expect(try await rig.deadLetters(of: webhook).map(\.reason) == ["gone"])
        try await rig.ingest()
        try await eventually("an unmatched event") { try await rig.total("unmatched") == 1 }
        #expect(rig.receiver.requestCount == 1)
        await node.stop()
        try await rig.stop()
    }

    @Test func `Retry-After moves the next attempt`() async throws {
        let rig = try await DeliveryRig.start { $0.number == 1 ? .status(429, fields: [("Retry-After", "1")]) : .ok }
        let node = try rig.startNode()
        _ = try await rig.createWebhook()
        try await rig.ingest()
        try await eventually("the second attempt") { rig.receiver.requestCount == 2 }
        let requests = rig.receiver.requests
        #expect(requests[1].arrivedAt - requests[0].arrivedAt >= .milliseconds(990))
        await node.stop()
        try await rig.stop()
    }

    @Test func `a refused connection is retried and listed`() async throws {
        let rig = try await DeliveryRig.start()
        let node = try rig.startNode()
        let webhook = try await rig.createWebhook()
        try await rig.receiver.stop()
        try await rig.ingest()
        try await rig.untilDrained()
        let letter = try #require(try await rig.deadLetters(of: webhook).first)
        #expect(letter.attemptLines.components(of: "\"error\":\"connection\"") == 4)
        await node.stop()
        rig.redis.kill()
    }
}

extension DeliveryRig {
    func deadLetters(of webhook: WebhookID) async throws -> [DeadLetter] {
        try await DeadLetterStore(shard).list(webhook, limit: 10).letters
    }

    func endpoint(_ webhook: WebhookID, _ field: String) async throws -> Int64 {
        let value = try await command("HGET", shard.keys.endpoint(webhook), field)
        return value.isNull ? 0 : try value.integer()
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
