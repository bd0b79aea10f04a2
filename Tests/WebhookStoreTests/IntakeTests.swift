import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Ingest` {
    private func event(_ n: Int, producerID: String? = nil, body: String = "{}") -> PreparedEvent {
        PreparedEvent(id: StoreRig.event(n), body: Array(body.utf8), producerID: producerID)
    }

    @Test func `stores body, place in the queue, counters and a wake token in one step`() async throws {
        let rig = try await StoreRig.fresh()
        let result = try await rig.ingest([1, 2], body: #"{"x":"é"}"#)
        #expect(result.taken == [Taken(1), Taken(2)])
        #expect(try await rig.command("GET", rig.keys.event(StoreRig.event(1))).text() == #"{"x":"é"}"#)
        #expect(try await rig.list(rig.keys.events(acme)) == [1, 2].map { StoreRig.event($0).description })
        #expect(try await rig.list(rig.keys.eventRing) == ["acme"])
        #expect(try await rig.list(rig.keys.wake) == ["1"])
        #expect(try await rig.hash(rig.keys.backlog) == ["acme": "2", "*": "2"])
        #expect(try await rig.hash(rig.keys.held) == ["acme": "20"])
        #expect(try await rig.totals() == ["accepted": 2])
        try await rig.check()
    }

    @Test func `takes a producer's id once, also within one batch, and says which event it was`() async throws {
        let rig = try await StoreRig.fresh()
        let intake = EventIntake(rig.shard)
        let first = try await intake.ingest(
            [event(1, producerID: "a"), event(2, producerID: "a"), event(3, producerID: "b")], workspace: acme)
        #expect(
            first.taken == [
                Taken(1),
                Taken(1, duplicate: true),
                Taken(3),
            ])
        let second = try await intake.ingest([event(4, producerID: "a", body: "{\"other\":1}")], workspace: acme)
        #expect(second.taken == [Taken(1, duplicate: true)])
        #expect(try await rig.number("LLEN", rig.keys.events(acme)) == 2)
        // Another workspace has its own ids.
        let elsewhere = try await intake.ingest([event(5, producerID: "a")], workspace: other)
        #expect(elsewhere.taken == [Taken(5)])
        try await rig.check()
    }

    @Test func `remembers a producer's id for a day, by its hash alone`() async throws {
        let rig = try await StoreRig.fresh()
        let odd = "*?[a]:{0}>#\r\nFLUSHALL\r\n\u{0}é"
        _ = try await EventIntake(rig.shard).ingest([event(1, producerID: odd)], workspace: acme)
        let key = rig.keys.prefix + "idempotency:event:" + EventIntake.hash(acme, odd)
        #expect(try await rig.command("GET", key).text() == StoreRig.event(1).description)
        #expect((86_000...86_400).contains(try await rig.number("TTL", key)))
        #expect(try await rig.command("KEYS", "*FLUSH*").array().isEmpty)
    }

    @Test func `sent twice by a connection that broke it adds nothing`() async throws {
        let rig = try await StoreRig.fresh()
        _ = try await rig.ingest([1, 2])
        #expect(try await rig.ingest([1, 2]).taken?.map(\.isDuplicate) == [false, false])
        #expect(try await rig.number("LLEN", rig.keys.events(acme)) == 2)
        #expect(try await rig.totals()["accepted"] == 2)
        try await rig.check()
    }

    @Test func `replays the answer to a request key with the same body, and refuses it with another`() async throws {
        let rig = try await StoreRig.fresh()
        let intake = EventIntake(rig.shard)
        let request = RequestKey(key: "order 1", body: "body".utf8)
        let first = try await intake.ingest(
            [event(1, producerID: "a"), event(2, producerID: "a")], workspace: acme, request: request)
        let again = try await intake.ingest([event(3), event(4)], workspace: acme, request: request)
        #expect(again.repeated == first.taken)
        let conflict = try await intake.ingest(
            [event(5)], workspace: acme, request: RequestKey(key: "order 1", body: "another".utf8))
        #expect(conflict.name == "conflict")
        #expect(try await rig.totals()["accepted"] == 1)
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(5))))
        // The same text as an event's id is another thing.
        let asID = try await intake.ingest([event(6, producerID: "order 1")], workspace: acme)
        #expect(asID.taken?.first?.isDuplicate == false)
        try await rig.check()
    }

    @Test func `at the limit of a workspace nothing of a batch is stored, and others go on`() async throws {
        var limits = StoreLimits()
        limits.maximumWorkspaceBacklog = 3
        let rig = try await StoreRig.fresh(limits: limits)
        let request = RequestKey(key: "r", body: "b".utf8)
        #expect(try await rig.ingest([1, 2]).name == "accepted")
        let refused = try await EventIntake(rig.shard).ingest(
            [event(3, producerID: "p"), event(4)], workspace: acme, request: request)
        #expect(refused.name == "workspaceFull")
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(3))))
        #expect(try await rig.command("KEYS", "*idempotency*").array().isEmpty)
        #expect(try await rig.ingest([5]).name == "accepted")
        #expect(try await rig.ingest([6, 7], other).name == "accepted")
        // Deliveries count like events.
        try await rig.register([1])
        let lane = try await rig.lane()
        for claimed in try await lane.claimEvents(count: 64, bytes: 1 << 20).events
        where claimed.token.workspace == acme {
            try await rig.fanOut(claimed, to: [1], lane: lane)
        }
        #expect(try await rig.ingest([8]).name == "workspaceFull")
        try await rig.check()
    }

    @Test func `a workspace may take half of what is left of the whole, and the whole has its own answer`() async throws
    {
        var limits = StoreLimits()
        limits.maximumBacklog = 6
        let rig = try await StoreRig.fresh(limits: limits)
        #expect(try await rig.ingest(0..<3).name == "accepted")
        #expect(try await rig.ingest(3..<5, other).name == "workspaceFull")
        #expect(try await rig.ingest(5..<9, other).name == "full")
        try await rig.check()
    }

    @Test func `a workspace has a limit of bytes, dead letters included`() async throws {
        var limits = StoreLimits()
        limits.maximumWorkspaceBytes = 100
        let rig = try await StoreRig.fresh(limits: limits)
        try await rig.register([1])
        let lane = try await rig.lane()
        try await rig.ingest([1], body: String(repeating: "x", count: 60))
        let claimed = try await lane.claimEvents(count: 1, bytes: 1 << 20).events
        try await rig.fanOut(try #require(claimed.first), to: [1], lane: lane)
        let delivery = try #require(try await rig.claim(lane).first)
        try await rig.finish(delivery.token, .dead(.exhausted), lane: lane)
        #expect(try await rig.ingest([2], body: String(repeating: "x", count: 41)).name == "workspaceFull")
        #expect(try await rig.ingest([3], body: String(repeating: "x", count: 40)).name == "accepted")
        #expect(try await rig.ingest([4], other, body: String(repeating: "x", count: 90)).name == "accepted")
        try await rig.check()
    }

    @Test func `at maxmemory it is refused before it starts, and everything that drains goes on`() async throws {
        let rig = try await StoreRig.fresh()
        try await rig.register([1])
        try await rig.makeFast([1])
        let lane = try await rig.lane()
        try await rig.ingest(0..<20)
        try await rig.command("CONFIG", "SET", "maxmemory", "1")
        await #expect {
            try await rig.ingest([99])
        } throws: { error in
            (error as? StoreError)?.redisError?.hasCode("OOM") == true
        }
        for event in try await lane.claimEvents(count: 64, bytes: 1 << 20).events {
            try await rig.fanOut(event, to: [1], lane: lane)
        }
        var delivered = 0
        while case let deliveries = try await rig.claim(lane), !deliveries.isEmpty {
            for delivery in deliveries {
                try await rig.finish(delivery.token, .delivered, .up(milliseconds: 1), line: "{}", lane: lane)
            }
            delivered += deliveries.count
        }
        try await rig.tick(lane)
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        try await rig.command("CONFIG", "SET", "maxmemory", "0")
        #expect(delivered == 20)
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(99))))
        try await rig.check()
    }

    @Test func `never leaves more than four wake tokens`() async throws {
        let rig = try await StoreRig.fresh()
        for n in 0..<8 { try await rig.ingest([n], WorkspaceName("w\(n)")!) }
        #expect(try await rig.number("LLEN", rig.keys.wake) == 1)  // one ring that was empty before
        for _ in 0..<8 {
            try await rig.command("DEL", rig.keys.eventRing)
            try await rig.command("DEL", rig.keys.events(acme))
            try await rig.ingest([Int.random(in: 100..<1_000_000)])
        }
        #expect(try await rig.number("LLEN", rig.keys.wake) == 4)
    }

    @Test func `a whole batch of a hundred events and four mebibytes goes in at once`() async throws {
        let rig = try await StoreRig.fresh()
        let body = String(repeating: "x", count: 41_900)
        #expect(try await rig.ingest(0..<100, body: body).taken?.count == 100)
        #expect(try await rig.hash(rig.keys.held)["acme"] == String(100 * 41_900))
        try await rig.check()
    }
}
