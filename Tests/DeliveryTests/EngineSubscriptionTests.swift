import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// Webhooks that come, change and go while a node runs.
@Suite(.timeLimit(.minutes(1))) struct EngineSubscriptionTests {
    @Test func `an event accepted after a webhook was created, changed or deleted sees it`() async throws {
        let rig = try await DeliveryRig.start()
        let node = try rig.startNode()
        let first = try await rig.createWebhook(path: "/first")
        try await rig.ingest()
        try await eventually("the first delivery") { rig.receiver.requestCount == 1 }

        // The cache stands now; each change must be seen by the very next event.
        for round in 0..<10 {
            let added = try await rig.createWebhook(path: "/added\(round)", operations: ["people.created"])
            let before = rig.receiver.requestCount
            try await rig.ingest()
            try await eventually("both webhooks") { rig.receiver.requestCount == before + 2 }
            #expect(Set(rig.receiver.requests.suffix(2).map(\.target)) == ["/first", "/added\(round)"])

            var change = WebhookChange()
            change.set(operations: ["company.*"])
            try await WebhookStore(rig.shard).update(rig.workspace, added, change)
            try await rig.ingest()
            try await rig.ingest("company.updated")
            try await eventually("the changed subscription") { rig.receiver.requestCount == before + 5 }
            #expect(rig.receiver.requests.suffix(3).map(\.target).sorted() == ["/added\(round)", "/first", "/first"])

            try await WebhookStore(rig.shard).delete(rig.workspace, added)
            try await rig.ingest("company.updated")
            try await eventually("the first alone") { rig.receiver.requestCount == before + 6 }
            #expect(rig.receiver.requests.last?.target == "/first")
        }
        try await WebhookStore(rig.shard).delete(rig.workspace, first)
        try await rig.ingest()
        try await eventually("an unmatched event") { try await rig.total("unmatched") == 1 }
        try await rig.untilDrained()
        #expect(rig.receiver.requestCount == 61)
        try await rig.untilClean()
        await node.stop()
        try await rig.stop()
    }

    @Test func `no POST starts later than a second after a delete was answered`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(200, after: .milliseconds(20)) }
        let node = try rig.startNode()
        let kept = try await rig.createWebhook(path: "/kept")
        let deleted = try await rig.createWebhook(path: "/deleted")
        try await rig.ingest(count: 3000)
        try await eventually("some deliveries") { rig.receiver.requestCount > 50 }
        try await WebhookStore(rig.shard).delete(rig.workspace, deleted)
        let answered = ContinuousClock().now
        try await rig.untilDrained(within: .seconds(40))
        let late = rig.receiver.requests.filter {
            $0.target == "/deleted" && $0.arrivedAt > answered + .milliseconds(1000)
        }
        #expect(late.isEmpty)
        #expect(rig.receiver.requests.count { $0.target == "/kept" } == 3000)
        let delivered = try await rig.total("delivered")
        let dropped = try await rig.total("dropped")
        // An event that was fanned out after the delete matched the other webhook alone.
        #expect(try await delivered + dropped == rig.total("planned"))
        #expect(dropped > 0)
        #expect(try await rig.endpoint(kept, "inflight") == 0)
        try await rig.untilClean()
        await node.stop()
        try await rig.stop()
    }

    @Test func `an event that matches 250 webhooks reaches each of them once`() async throws {
        let rig = try await DeliveryRig.start()
        for number in 0..<250 { _ = try await rig.createWebhook(path: "/\(number)", operations: ["people.*", "*"]) }
        let node = try rig.startNode()
        try await rig.ingest()
        try await rig.untilDrained()
        #expect(rig.receiver.requestCount == 250)
        #expect(Set(rig.receiver.requests.map(\.target)).count == 250)
        #expect(try await rig.total("planned") == 250)
        #expect(try await rig.total("fannedOut") == 1)
        try await rig.untilClean()
        await node.stop()
        try await rig.stop()
    }

    @Test func `400 events to 50 webhooks are drained with every counter right`() async throws {
        let rig = try await DeliveryRig.start()
        var webhooks: [WebhookID] = []
        for number in 0..<50 { webhooks.append(try await rig.createWebhook(path: "/\(number)")) }
        let node = try rig.startNode()
        try await rig.ingest(count: 400)
        try await rig.untilDrained(within: .seconds(55))
        #expect(rig.receiver.requestCount == 20_000)
        #expect(try await rig.total("accepted") == 400)
        #expect(try await rig.total("fannedOut") == 400)
        #expect(try await rig.total("planned") == 20_000)
        #expect(try await rig.total("delivered") == 20_000)
        #expect(try await rig.total("failed") == 0)
        for webhook in webhooks { #expect(try await rig.endpoint(webhook, "inflight") == 0) }
        try await rig.untilClean()
        #expect(try await rig.command("HGET", rig.shard.keys.held, "w").integer() == 0)
        await node.stop()
        #expect(try await rig.lanes() == 0)
        try await rig.stop()
    }
}
