import NIOCore
import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Claiming deliveries` {
    /// Events 0 up to `count`, each planned for all `webhooks` of acme.
    private func wait(
        _ rig: StoreRig, _ lane: LaneStore, events count: Int, webhooks: [Int], from start: Int = 0
    )
        async throws
    {
        for n in start..<start + count { try await rig.plan(n, to: webhooks, lane: lane) }
    }

    @Test func `gives token, class, workspace and body, and counts what is in flight`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1, 2])
        try await rig.makeFast([1])
        try await rig.plan(1, to: [1, 2], lane: lane)
        let deliveries = try await rig.claim(lane)
        #expect(Set(deliveries.map(\.token)) == [StoreRig.token(1, 1), StoreRig.token(1, 2)])
        for delivery in deliveries {
            #expect(delivery.workspace == acme)
            #expect(delivery.endpointClass == (delivery.token.webhook == StoreRig.webhook(1) ? .fast : .slow))
            #expect(String(buffer: delivery.body) == #"{"b":1}"#)
        }
        #expect(try await rig.endpoint(1)["inflight"] == "1")
        #expect(try await rig.claim(lane).isEmpty)
        try await rig.check()
    }

    @Test func `an endpoint never has more in flight than its limit, over all lanes`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 3
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        let second = try await rig.lane("M")
        try await rig.register([1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 8, webhooks: [1])
        let first = try await rig.claim(lane, count: 2)
        #expect(first.count == 2)
        #expect(try await rig.claim(second).count == 1)
        #expect(try await rig.claim(lane).isEmpty)
        try await rig.finish(first[0].token, .delivered, .up(milliseconds: 1), lane: lane)
        #expect(try await rig.claim(second).count == 1)
        try await rig.check()
        // A lowered limit holds from the next claim.
        limits.endpointConcurrency = 1
        let lower = LaneStore(Shard(rig.redis, limits: limits), lane: "M")
        try await rig.finish(first[1].token, .delivered, lane: lane)
        #expect(try await rig.claim(lower).isEmpty)
    }

    @Test func `a new endpoint is slow: two in flight until a success, within the slow slots alone`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([0, 1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 10, webhooks: [0, 1])
        let fast = try await rig.claim(lane, slow: 0, quantum: 64)
        #expect(fast.count == 10)
        #expect(fast.allSatisfy { $0.token.webhook == StoreRig.webhook(1) && $0.endpointClass == .fast })
        let slow = try await rig.claim(lane, slow: 10)
        #expect(slow.count == 2)
        #expect(slow.allSatisfy { $0.endpointClass == .slow })
        try await rig.check()
        try await rig.finish(slow[0].token, .delivered, .up(milliseconds: 100), lane: lane)
        #expect(try await rig.claim(lane, slow: 0, quantum: 64).count == 8)
        try await rig.check()
    }

    @Test func `the slow ring goes first, so that a busy node starts new endpoints`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([0, 1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 10, webhooks: [0, 1])
        #expect(try await rig.claim(lane, count: 2, slow: 1).map(\.endpointClass) == [.slow, .fast])
    }

    @Test func `an attempt that runs for more than two seconds makes its endpoint slow at once`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 6, webhooks: [1])
        let running = try #require(try await rig.claim(lane, count: 1).first)
        try await rig.finish(running.token, .running, .slow, lane: lane)
        #expect(
            try await rig.number("SISMEMBER", rig.keys.claimed("L"), "\(StoreRig.event(0))>\(StoreRig.webhook(1))#0")
                == 1)
        #expect(try await rig.claim(lane, slow: 0).isEmpty)
        #expect(try await rig.endpoint(1)["ring"] == "slow")
        try await rig.check()
    }

    @Test func `workspaces are served in turn, at most a quantum each visit, over several endpoints`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(0..<4)
        try await rig.register([10], other)
        try await rig.makeFast([0, 1, 2, 3, 10])
        try await wait(rig, lane, events: 5, webhooks: [0, 1, 2, 3])
        for n in 100..<105 {
            try await rig.ingest([n], other)
            let event = try #require(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.first)
            try await rig.fanOut(event, to: [10], lane: lane)
        }
        let deliveries = try await rig.claim(lane, count: 16, quantum: 8)
        #expect(
            deliveries.map { $0.workspace == acme }.prefix(13) == Array(repeating: true, count: 8)[...] + [
                false, false, false, false, false,
            ])
        #expect(deliveries.prefix(8).map(\.token.webhook).contains(StoreRig.webhook(1)))
        #expect(deliveries.count == 16)
        try await rig.check()
    }

    @Test func `a full workspace is passed over and stays ready`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.register([2], other)
        try await rig.makeFast([1, 2])
        try await wait(rig, lane, events: 3, webhooks: [1])
        try await rig.ingest([9], other)
        try await rig.fanOut(
            try #require(try await lane.claimEvents(count: 1, bytes: 1).events.first), to: [2], lane: lane)
        #expect(try await rig.claim(lane, full: [acme]).map(\.workspace) == [other])
        #expect(try await rig.claim(lane, full: [acme]).isEmpty)
        #expect(try await rig.claim(lane).count == 3)
        try await rig.check()
    }

    @Test func `a claim stops at its bytes, takes one at least, and sends each body once`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(0..<3)
        try await rig.makeFast(0..<3)
        try await rig.ingest(0..<6, body: String(repeating: "x", count: 1000))
        for event in try await lane.claimEvents(count: 64, bytes: 1 << 20).events {
            try await rig.fanOut(event, to: [0, 1, 2], lane: lane)
        }
        #expect(try await rig.claim(lane, bytes: 10).count == 1)
        let next = try await rig.claim(lane, quantum: 64, bytes: 3500)
        #expect(Set(next.map(\.token.event)).count == 3)
        #expect(try await rig.claim(lane, quantum: 64).count == 18 - 1 - next.count)
        try await rig.check()
    }

    @Test func `members of a ring that have nothing ready cost a claim none of its number`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(0..<6)
        try await rig.makeFast(0..<6)
        try await wait(rig, lane, events: 1, webhooks: Array(0..<6))
        for n in 0..<5 { try await rig.command("HSET", rig.keys.endpoint(StoreRig.webhook(n)), "state", "open") }
        #expect(try await rig.claim(lane, count: 1).map(\.token.webhook) == [StoreRig.webhook(5)])
    }

    @Test func `a claim that leaves work behind wakes the next node, one that does not wakes nobody`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 4, webhooks: [1])
        try await rig.command("DEL", rig.keys.wake)
        _ = try await rig.claim(lane, count: 2)
        #expect(try await rig.number("LLEN", rig.keys.wake) == 1)
        try await rig.command("DEL", rig.keys.wake)
        _ = try await rig.claim(lane)
        #expect(try await rig.number("LLEN", rig.keys.wake) == 0)
    }

    @Test func `a delivery whose event is missing becomes a dead letter, reason expired, and is not replayable`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        try await wait(rig, lane, events: 2, webhooks: [1])
        try await rig.command("DEL", rig.keys.event(StoreRig.event(0)))
        #expect(try await rig.claim(lane).map(\.token.event) == [StoreRig.event(1)])
        #expect(try await rig.letter(1, 0) == "#0 expired []")
        #expect(try await !rig.exists(rig.keys.references(StoreRig.event(0))))
        let replayed = try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme)
        #expect(replayed == (0, 1))
    }

    @Test func `at an endpoint that was closed or deleted meanwhile nothing is claimed and the ring is put right`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(1...3)
        try await rig.makeFast(1...3)
        try await wait(rig, lane, events: 2, webhooks: [1, 2, 3])
        try await rig.setEnabled(1, false)
        try await rig.webhooks.delete(acme, StoreRig.webhook(2))
        let claimed = try await rig.claim(lane)
        #expect(claimed.map(\.token.webhook) == [StoreRig.webhook(3), StoreRig.webhook(3)])
        #expect(try await !rig.exists(rig.keys.prefix + "ring:fast"))
        try await rig.tickOut(lane)
        #expect(try await rig.totals()["dropped"] == 2)
        #expect(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(1))) == 2)
        try await rig.check()
    }
}
