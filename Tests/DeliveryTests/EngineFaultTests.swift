import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// Redis and nodes that go away and come back. Duplicates are allowed, losses are not.
@Suite(.timeLimit(.minutes(1))) struct EngineFaultTests {
    /// Every event reached the receiver at least once.
    private func expectNothingLost(_ ids: [EventID], _ rig: DeliveryRig) {
        let arrived = Set(rig.receiver.requests.compactMap { $0.field("webhook-id") })
        #expect(Set(ids.map(\.description)).subtracting(arrived).isEmpty)
    }

    @Test func `a graceful stop lets attempts end, gives the rest back and leaves no lane`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(200, after: .milliseconds(300)) }
        _ = try await rig.createWebhook()
        let node = try rig.startNode()
        let ids = try await rig.ingest(count: 300)
        try await eventually("attempts in flight") { rig.receiver.requestCount >= 10 }
        await node.stop()
        let delivered = try await rig.total("delivered")
        #expect(delivered == rig.receiver.requestCount)
        #expect(delivered < 300)
        #expect(try await rig.lanes() == 0)
        #expect(try await rig.keys("claimed:*") == [])
        #expect(node.engine.readiness.now().isReady == false)

        rig.receiver.answer { _ in .ok }
        let next = try rig.startNode()
        try await rig.untilDrained()
        #expect(rig.receiver.requestCount == 300)
        expectNothingLost(ids, rig)
        await next.stop()
        try await rig.stop()
    }

    @Test func `the lane of a node that died is reaped and nothing is lost`() async throws {
        let rig = try await DeliveryRig.start { $0.number <= 60 ? .hang : .ok }
        for number in 0..<4 { _ = try await rig.createWebhook(path: "/\(number)") }
        let first = try rig.startNode {
            $0.attemptTimeout = .seconds(10)
            $0.lease = .seconds(15)
        }
        let ids = try await rig.ingest(count: 30)
        try await eventually("attempts in flight") { rig.receiver.requestCount >= 5 }
        await first.kill()
        #expect(try await rig.lanes() == 1)
        // Its lease is over: the reaper of the next node must not wait for it.
        let lane = try #require(try await rig.command("ZRANGE", rig.shard.keys.lanes, "0", "-1").array().first?.text())
        rig.receiver.answer { _ in .ok }
        let second = try rig.startNode()
        try await second.untilReady()
        _ = try await rig.command("ZADD", rig.shard.keys.lanes, "1", lane)
        try await rig.untilDrained()
        #expect(try await rig.total("delivered") == 120)
        expectNothingLost(ids, rig)
        try await rig.untilClean()
        await second.stop()
        #expect(try await rig.lanes() == 0)
        try await rig.stop()
    }

    @Test func `connections that Redis closes again and again lose nothing`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(200, after: .milliseconds(5)) }
        for number in 0..<4 { _ = try await rig.createWebhook(path: "/\(number)") }
        let node = try rig.startNode()
        try await node.untilReady()
        var ids: [EventID] = []
        for _ in 0..<15 {
            ids += try await rig.ingest(count: 50)
            try await rig.killConnections(named: "node")
        }
        try await rig.untilDrained(within: .seconds(40))
        expectNothingLost(ids, rig)
        #expect(try await rig.total("delivered") == 3000)
        try await eventually(within: .seconds(10), "given up lanes to be reaped") { try await rig.lanes() == 1 }
        try await rig.untilClean()
        await node.stop()
        #expect(try await rig.lanes() == 0)
        try await rig.stop()
    }

    @Test func `a node outlives a restart of Redis and goes on by itself within five seconds`() async throws {
        let rig = try await DeliveryRig.start(redis: ["--appendonly", "yes", "--appendfsync", "always"])
        _ = try await rig.createWebhook()
        let node = try rig.startNode()
        try await node.untilReady()
        var ids = try await rig.ingest(count: 200)
        rig.redis.kill()
        try await eventually("a node that is not ready") { !node.engine.readiness.now().isReady }
        try await rig.redis.restart()
        let back = ContinuousClock().now
        try await node.untilReady()
        #expect(ContinuousClock().now - back < .seconds(5))
        ids += try await rig.ingest(count: 200)
        try await rig.untilDrained(within: .seconds(40))
        expectNothingLost(ids, rig)
        await node.stop()
        try await rig.stop()
    }

    @Test func `a node that starts before Redis waits for it`() async throws {
        let rig = try await DeliveryRig.start()
        rig.redis.kill()
        let node = try rig.startNode()
        try await throughout(.milliseconds(300), "not ready") { !node.engine.readiness.now().isReady }
        try await rig.redis.restart()
        try await node.untilReady()
        _ = try await rig.createWebhook()
        try await rig.ingest()
        try await eventually("the delivery") { rig.receiver.requestCount == 1 }
        await node.stop()
        try await rig.stop()
    }

    @Test func `Redis that hangs shuts the gates: nothing is sent until it answers again`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(200, after: .milliseconds(20)) }
        for number in 0..<10 { _ = try await rig.createWebhook(path: "/\(number)") }
        let node = try rig.startNode()
        let ids = try await rig.ingest(count: 500)
        try await eventually("deliveries") { rig.receiver.requestCount > 100 }
        rig.redis.pause()
        let paused = ContinuousClock().now
        try await throughout(.milliseconds(2500), "no POST a second after the last answer") {
            rig.receiver.requests.allSatisfy { $0.arrivedAt < paused + .milliseconds(1100) }
        }
        rig.redis.resume()
        try await rig.untilDrained(within: .seconds(40))
        expectNothingLost(ids, rig)
        await node.stop()
        try await rig.stop()
    }

    @Test func `an idle node sends Redis at most four commands a second`() async throws {
        let rig = try await DeliveryRig.start()
        _ = try await rig.createWebhook()
        let node = try rig.startNode {
            $0.lease = .seconds(15)
            $0.attemptTimeout = .seconds(10)
        }
        try await rig.ingest()
        try await rig.untilDrained()
        let before = await node.engine.commandsSent()
        let clock = ContinuousClock()
        let start = clock.now
        try await throughout(.seconds(4), "an idle node") { rig.receiver.requestCount == 1 }
        let sent = await node.engine.commandsSent() - before
        #expect(Double(sent) / ((clock.now - start) / .seconds(1)) <= 4)
        #expect(sent >= 3)
        await node.stop()
        try await rig.stop()
    }
}

extension DeliveryRig {
    /// Lets Redis close the connections of a name.
    func killConnections(named name: String) async throws {
        let list = try await command("CLIENT", "LIST").text()
        for line in list.split(separator: "\n") where line.contains(" name=\(name) ") {
            let id = line.split(separator: " ").first.map { $0.dropFirst(3) } ?? ""
            _ = try await command("CLIENT", "KILL", "ID", String(id))
        }
    }
}
