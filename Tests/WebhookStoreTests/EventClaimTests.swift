import NIOCore
import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Claiming events and fanning them out` {
    @Test func `workspaces are served in turn, eight events each, so a flood holds nobody up`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        for start in stride(from: 0, to: 1000, by: 100) { try await rig.ingest(start..<start + 100) }
        try await rig.ingest([5000], other)
        let claimed = try await lane.claimEvents(count: 64, bytes: 1 << 20).events
        #expect(claimed.count == 64)
        #expect(claimed.prefix(8).allSatisfy { $0.token.workspace == acme })
        #expect(claimed[8].token == EventToken(workspace: other, event: StoreRig.event(5000)))
        #expect(claimed[0].cursor == nil)
        #expect(String(buffer: claimed[0].body) == #"{"b":1}"#)
        #expect(try await rig.number("LLEN", rig.keys.wake) == 2)  // of ingest, and for what is left
        try await rig.check()
    }

    @Test func `a claim stops at its bytes, but takes one event at least`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.ingest(0..<20, body: String(repeating: "x", count: 262_144))
        #expect(try await lane.claimEvents(count: 64, bytes: 1 << 20).events.count == 4)
        #expect(try await lane.claimEvents(count: 64, bytes: 10).events.count == 1)
        try await rig.check()
    }

    @Test func `a lane that expired or was never opened is fenced off, and is never renewed`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.expire(lane)
        await #expect(throws: StoreError.fenced) { try await lane.claimEvents(count: 1, bytes: 1) }
        await #expect(throws: StoreError.fenced) { try await rig.claim(lane) }
        await #expect(throws: StoreError.fenced) { try await lane.claimSuspect() }
        #expect(try await !rig.tick(lane).isAlive)
        let unknown = LaneStore(rig.shard, lane: "never")
        await #expect(throws: StoreError.fenced) { try await unknown.claimEvents(count: 1, bytes: 1) }
        #expect(try await !rig.tick(unknown).isAlive)
        await #expect(throws: StoreError.exists) {
            _ = try await rig.lane("M"); _ = try await rig.lane("M")
        }
    }

    @Test func `an event whose body is missing becomes poison, not silence`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.ingest([1, 2])
        try await rig.command("DEL", rig.keys.event(StoreRig.event(1)))
        #expect(try await lane.claimEvents(count: 9, bytes: 1 << 20).events.map(\.token.event) == [StoreRig.event(2)])
        #expect(try await rig.totals()["poisoned"] == 1)
        #expect(try await rig.list(rig.keys.poison).first?.hasSuffix(" acme/\(StoreRig.event(1))") == true)
    }

    @Test func `an event for nobody is done and leaves nothing`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.plan(1, to: [], lane: lane)
        #expect(try await rig.totals() == ["accepted": 1, "fannedOut": 1, "unmatched": 1])
        #expect(try await rig.transientKeys() == [])
        try await rig.check()
    }

    @Test func `references are written only where more than one delivery holds the event`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(1...3)
        try await rig.plan(1, to: [1], lane: lane)
        try await rig.plan(2, to: [1, 2, 3], lane: lane)
        #expect(try await !rig.exists(rig.keys.references(StoreRig.event(1))))
        #expect(try await rig.command("GET", rig.keys.references(StoreRig.event(2))).text() == "3")
        try await rig.check()
    }

    @Test
    func
        `a chunk sent twice is stale, by a lane that lost the event it is lost, and deliveries between chunks keep it`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(0..<25)
        try await rig.ingest([1])
        let token = try #require(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.first).token
        let first = rig.chunk(token, Array(0..<10), cursor: 9, isLast: false)
        #expect(try await lane.fanOut([first], room: 0).statuses == [.written])
        #expect(try await lane.fanOut([first], room: 0).statuses == [.stale])
        // Everything of the first chunk is delivered before the second: the event stays for the fan-out's own reference.
        while case let deliveries = try await rig.claim(lane), !deliveries.isEmpty {
            for delivery in deliveries { try await rig.finish(delivery.token, .delivered, lane: lane) }
        }
        #expect(try await rig.command("GET", rig.keys.references(StoreRig.event(1))).text() == "1")
        #expect(try await rig.exists(rig.keys.event(StoreRig.event(1))))
        try await rig.check()

        // The node dies; another one goes on from the cursor.
        try await rig.expire(lane)
        let heir = try await rig.lane("heir")
        try await rig.tick(heir)
        let second = rig.chunk(token, Array(10..<20), expecting: 9, cursor: 19, isLast: false)
        #expect(try await lane.fanOut([second], room: 0).statuses == [.lost])
        let taken = try #require(try await heir.claimEvents(count: 1, bytes: 1 << 20).events.first)
        #expect(taken.cursor == StoreRig.webhook(9))
        #expect(taken.token.deaths == 1)
        let third = rig.chunk(taken.token, Array(20..<25), expecting: 19)
        #expect(
            try await heir.fanOut(
                [rig.chunk(taken.token, Array(10..<20), expecting: 9, cursor: 19, isLast: false)], room: 0
            )
            .statuses == [.written])
        #expect(try await heir.fanOut([third], room: 0).statuses == [.written])
        #expect(try await heir.fanOut([third], room: 0).statuses == [.lost])
        #expect(try await !rig.exists(rig.keys.fanOut(StoreRig.event(1))))
        try await rig.check()
        while case let deliveries = try await rig.claim(heir), !deliveries.isEmpty {
            for delivery in deliveries { try await rig.finish(delivery.token, .delivered, lane: heir) }
        }
        #expect(try await rig.totals()["delivered"] == 25)
        #expect(try await rig.transientKeys() == [])
        try await rig.check()
    }

    @Test func `the same event twice in one call counts once`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.ingest([1])
        let token = try #require(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.first).token
        let chunk = rig.chunk(token, [1])
        #expect(try await lane.fanOut([chunk, chunk], room: 0).statuses == [.written, .lost])
        #expect(try await rig.queue(1).count == 1)
        try await rig.check()
    }

    @Test func `straight to the lane go deliveries of fast endpoints with nothing waiting, while there is room`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(0..<6)
        try await rig.makeFast(0..<5)
        #expect(try await rig.plan(1, to: Array(0..<6), lane: lane, room: 3) == (0..<3).map { StoreRig.token(1, $0) })
        #expect(try await rig.number("SCARD", rig.keys.claimed("L")) == 3)
        #expect(try await rig.endpoint(0)["inflight"] == "1")
        #expect(try await rig.queue(3) == ["\(StoreRig.event(1))#0"])
        // 3 and 4 have something waiting, 5 is slow: they queue even though there is room.
        #expect(try await rig.plan(2, to: [0, 3, 5], lane: lane, room: 9) == [StoreRig.token(2, 0)])
        try await rig.check()
    }

    @Test func `never more go straight to a lane than the endpoint may have in flight`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 2
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<3 { try await rig.plan(n, to: [1], lane: lane, room: 9) }
        #expect(try await rig.endpoint(1)["inflight"] == "2")
        #expect(try await rig.queue(1).count == 1)
        try await rig.check()
    }

    @Test func `beyond an endpoint's cap a delivery is a dead letter of its own, and the others are not held up`()
        async throws
    {
        var limits = StoreLimits()
        limits.maximumEndpointBacklog = 2
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register([1, 2])
        for n in 0..<2 { try await rig.plan(n, to: [1], lane: lane) }
        try await rig.plan(2, to: [1, 2], lane: lane)
        #expect(try await rig.letter(1, 2) == "#0 overflow []")
        #expect(try await rig.queue(1).count == 2)
        #expect(try await rig.queue(2).count == 1)
        #expect(try await rig.totals()["dead"] == 1)
        try await rig.check()
    }

    @Test func `an endpoint that is not well may hold a tenth of what its workspace has left`() async throws {
        var limits = StoreLimits()
        limits.maximumWorkspaceBacklog = 200
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register([1, 2])
        try await rig.makeFast([2])
        let later = try await (rig.now() + 1_000_000).description
        try await rig.command("HSET", rig.keys.endpoint(StoreRig.webhook(1)), "state", "open", "since", "1")
        try await rig.command("ZADD", rig.keys.timers, later, StoreRig.webhook(1).description)
        try await rig.command("ZADD", rig.keys.failing, "1", StoreRig.webhook(1).description)
        for n in 0..<80 { try await rig.plan(n, to: [1, 2], lane: lane) }
        let waiting = try await rig.queue(1).count
        #expect((5..<20).contains(waiting))
        #expect(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(1))) == 80 - waiting)
        #expect(try await rig.queue(2).count == 80)
        try await rig.check()
    }

    @Test func `a disabled webhook's delivery is a dead letter, a deleted one's is dropped, the others go on`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register(1...3)
        try await rig.ingest([1])
        let event = try #require(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.first)
        try await rig.setEnabled(1, false)
        try await rig.webhooks.delete(acme, StoreRig.webhook(2))
        try await rig.fanOut(event, to: [1, 2, 3], lane: lane)
        #expect(try await rig.letter(1, 1) == "#0 disabled []")
        #expect(try await rig.totals()["dropped"] == 1)
        #expect(try await rig.queue(3).count == 1)
        try await rig.check()
    }

    @Test func `an event given back before its fan-out is claimed again, first`() async throws {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.ingest([1, 2])
        let event = try #require(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.first)
        #expect(try await lane.finish([FinishedToken(.event(event.token), .back)], lane: "L").lost == 0)
        #expect(try await lane.finish([FinishedToken(.event(event.token), .back)], lane: "L").lost == 1)
        #expect(try await lane.claimEvents(count: 1, bytes: 1 << 20).events.map(\.token) == [event.token])
        try await rig.check()
    }
}
