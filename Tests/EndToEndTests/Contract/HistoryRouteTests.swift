import APIClient
import FleetSupport
import TestSupport
import Testing

@Suite("What happened to a webhook, over the wire", .contractStage, .serialized, .timeLimit(.minutes(3)))
struct HistoryRouteTests {
    @Test func `a test event reaches one webhook alone, and its attempt is listed`() async throws {
        let stage = try ContractStage.current
        let client = try await stage.client()
        let path = "/t\(UInt64.random(in: 0 ... .max))"
        let webhook = try await client.register(target: stage.receiver.url(path), operations: ["task.*"])
        _ = try await client.register(target: stage.receiver.url(path + "-other"), operations: ["*"])
        let event = try await client.test(webhook)
        let attempts = try await eventuallyValue("the attempt in the list") {
            let found = try await client.attempts(webhook)
            return found.isEmpty ? nil : found
        }
        #expect(attempts.map(\.eventId) == [event])
        #expect(attempts[0].event == "task.created" && attempts[0].outcome == "delivered")
        #expect(attempts[0].statusCode == 200 && attempts[0].attempt == 1 && attempts[0].willRetryAt == nil)
        try await stage.view.drained(within: .seconds(10))
        #expect(stage.receiver.requests.filter { $0.target.hasPrefix(path) }.map(\.target) == [path])
    }

    @Test func `what runs out of retries is a dead letter, and a replay delivers it with the same id and bytes`()
        async throws
    {
        let stage = try ContractStage.current
        let client = try await stage.client()
        let path = "/d\(UInt64.random(in: 0 ... .max))"
        stage.receiver.answer { $0.target == path ? .status(500) : .ok }
        let webhook = try await client.register(target: stage.receiver.url(path), operations: ["*"])
        let event = try await client.post(event: #"{"event":"people.created","record":{"id":"r","n":1.50}}"#)
        try await eventually(within: .seconds(30), "a dead letter") {
            try await client.deadLetters(webhook).totalCount == 1
        }
        let letter = try #require(try await client.deadLetters(webhook).deadLetters.first)
        #expect(letter.eventId == event && letter.event == "people.created" && letter.reason == "exhausted")
        #expect(letter.attempts == 4 && letter.lastStatusCode == 500 && letter.lastError == "status")
        #expect(try await client.attempts(webhook, failedOnly: true).map(\.attempt) == [4, 3, 2, 1])
        #expect(try await client.replay(webhook, ReplayChoice(dryRun: true)) == ReplayResult(replayed: 0, remaining: 1))
        stage.receiver.answer { _ in .ok }
        let moved = try await client.replay(webhook, ReplayChoice(eventIds: [event]))
        #expect(moved == ReplayResult(replayed: 1, remaining: 0))
        try await stage.view.drained(within: .seconds(30))
        let bodies = stage.receiver.requests.filter { $0.target == path }.map(\.body)
        #expect(bodies.count == 5 && Set(bodies).count == 1)
        #expect(try await client.deadLetters(webhook).totalCount == 0)
    }

    @Test func `a replay or test of a disabled webhook is a conflict, and of none a 404`() async throws {
        let stage = try ContractStage.current
        let client = try await stage.client()
        let webhook = try await client.create(
            NewWebhook(targetUrl: stage.receiver.url("/off"), operations: ["*"], isEnabled: false))
        let test = await #expect(throws: RESTClient.Refused.self) { try await client.test(webhook.id) }
        let replay = await #expect(throws: RESTClient.Refused.self) { try await client.replay(webhook.id) }
        #expect(test?.status == 409 && replay?.status == 409)
        try await client.delete(webhook.id)
        let gone = await #expect(throws: RESTClient.Refused.self) { try await client.attempts(webhook.id) }
        #expect(gone?.status == 404)
    }
}
