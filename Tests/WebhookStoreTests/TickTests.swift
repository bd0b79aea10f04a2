import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Tick` {
    private func rig(webhooks: [Int] = [1], limits: StoreLimits = StoreLimits()) async throws -> (StoreRig, LaneStore) {
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register(webhooks)
        try await rig.makeFast(webhooks)
        return (rig, lane)
    }

    @Test func `renews its lane and says what is next and whether work waits`() async throws {
        let (rig, lane) = try await rig()
        let start = try await rig.now()
        let idle = try await rig.tick(lane, lease: .seconds(15))
        #expect(idle.isAlive)
        #expect(!idle.workWaits)
        #expect(!idle.callAgain)
        #expect(idle.nextDue == nil)
        #expect(abs(idle.now - start) < 1000)
        #expect(idle.version == 1)
        #expect(try #require(try await rig.score(rig.keys.lanes, "L")) >= start + 15_000)
        #expect(try await rig.number("TTL", rig.keys.lane("L")) > 3500)
        try await rig.plan(0, to: [1], lane: lane, room: 1)
        try await rig.finish(StoreRig.token(0, 1), .retry(milliseconds: 60_000), lane: lane)
        try await rig.ingest([1])
        let busy = try await rig.tick(lane)
        #expect(busy.workWaits)
        let due = try #require(busy.nextDue)
        #expect((59_000...60_100).contains(due - busy.now))
    }

    @Test func `brings due retries to the heads of their queues, the earliest first, a hundred a call`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 200
        let (rig, lane) = try await rig(limits: limits)
        for n in 0..<130 {
            try await rig.plan(n, to: [1], lane: lane, room: 1)
            try await rig.finish(StoreRig.token(n, 1), .retry(milliseconds: 0), lane: lane)
        }
        for n in 0..<130 {
            try await rig.command("ZADD", rig.keys.retries, "\(n + 1)", "\(StoreRig.event(n))>\(StoreRig.webhook(1))#1")
        }
        try await rig.plan(500, to: [1], lane: lane)
        #expect(try await rig.tick(lane).callAgain)
        #expect(try await rig.queue(1).first == "\(StoreRig.event(0))#1")
        #expect(try await rig.queue(1).count == 101)
        #expect(try await rig.number("ZCARD", rig.keys.retries) == 30)
        try await rig.tickOut(lane)
        #expect(try await rig.number("ZCARD", rig.keys.retries) == 0)
        try await rig.check()
    }

    @Test func `takes what an expired lane held to where it came from, in steps, with one death more`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 200
        let (rig, lane) = try await rig(limits: limits)
        let dead = try await rig.lane("D")
        for n in 0..<60 { try await rig.plan(n, to: [1], lane: dead, room: 1) }
        try await rig.ingest([100])
        _ = try await dead.claimEvents(count: 1, bytes: 1)
        #expect(try await rig.endpoint(1)["inflight"] == "60")
        try await rig.expire(dead)
        #expect(try await rig.tick(lane).callAgain)
        #expect(try await rig.number("SCARD", rig.keys.claimed("D")) == 11)
        try await rig.check()
        try await rig.tickOut(lane)
        #expect(try await rig.queue(1).count == 60)
        #expect(try await rig.queue(1).allSatisfy { $0.hasSuffix("#0.1") })
        #expect(try await rig.list(rig.keys.events(acme)) == ["\(StoreRig.event(100)).1"])
        #expect(try await rig.endpoint(1)["inflight"] == "0")
        #expect(try await rig.score(rig.keys.lanes, "D") == nil)
        #expect(try await !rig.exists(rig.keys.lane("D")))
        try await rig.check()
        // What the zombie has to say settles nothing.
        #expect(try await rig.finish(StoreRig.token(0, 1), .delivered, lane: dead) == 1)
        try await rig.check()
    }

    @Test func `an abandoned lane's tokens have met no dead node`() async throws {
        let (rig, lane) = try await rig()
        let left = try await rig.lane("D")
        try await rig.plan(0, to: [1], lane: left, room: 1)
        #expect(try await lane.abandon("D"))
        #expect(try await !lane.abandon("unknown"))
        #expect(try await rig.hash(rig.keys.lane("D"))["abandoned"] == "1")
        // It keeps its lease: what runs may finish.
        try await rig.tick(lane)
        #expect(try await rig.number("SCARD", rig.keys.claimed("D")) == 1)
        try await rig.expire(left)
        try await rig.tick(lane)
        #expect(try await rig.queue(1) == ["\(StoreRig.event(0))#0"])
        try await rig.check()
    }

    @Test func `a lane is closed when it is empty, and not before`() async throws {
        let (rig, lane) = try await rig()
        try await rig.plan(0, to: [1], lane: lane, room: 1)
        #expect(try await !lane.close())
        try await rig.finish(StoreRig.token(0, 1), .delivered, lane: lane)
        #expect(try await lane.close())
        #expect(try await rig.score(rig.keys.lanes, "L") == nil)
        #expect(try await !rig.exists(rig.keys.lane("L")))
    }

    @Test
    func `after Redis stood still beyond the lease nobody is reaped by the first call, a dead node is one lease later`()
        async throws
    {
        let (rig, _) = try await rig()
        let lease = Duration.milliseconds(600)
        let dead = try await rig.lane("A", lease: lease)
        let living = try await rig.lane("B", lease: lease)
        for n in 0..<4 { try await rig.plan(n, to: [1], lane: dead, room: 1) }
        try await rig.tick(dead, lease: lease)
        try await rig.tick(living, lease: lease)
        rig.server.pause()
        try await Task.sleep(for: .milliseconds(900))
        rig.server.resume()
        #expect(try await rig.tick(living, lease: lease).isAlive)
        #expect(try await rig.number("SCARD", rig.keys.claimed("A")) == 4)
        try await eventually(within: .seconds(5), "the dead lane to be reaped") {
            #expect(try await rig.tick(living, lease: lease).isAlive)
            return try await rig.number("SCARD", rig.keys.claimed("A")) == 0
        }
        try await rig.check()
    }

    @Test func `a clock that went back moves no lease beyond its length`() async throws {
        let (rig, lane) = try await rig()
        let future = try await rig.now() + 50_000
        try await rig.command("SET", rig.keys.watched, "\(future)")
        _ = try await rig.lane("C")
        try await rig.command("ZADD", rig.keys.lanes, "\(future + 2000)", "C")
        try await rig.tick(lane, lease: .seconds(2))
        #expect(try #require(try await rig.score(rig.keys.lanes, "C")) <= (try await rig.now()) + 2000)
    }

    @Test func `what waits for a deleted webhook is dropped in steps of fifty, retries when they are due`() async throws
    {
        var limits = StoreLimits()
        limits.endpointConcurrency = 100
        let (rig, lane) = try await rig(limits: limits)
        for n in 0..<130 { try await rig.plan(n, to: [1], lane: lane, room: n < 10 ? 1 : 0) }
        for n in 0..<10 {
            try await rig.finish(StoreRig.token(n, 1), .retry(milliseconds: 100_000), line: "{}", lane: lane)
        }
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        #expect(try await rig.tick(lane).callAgain)
        #expect(try await rig.queue(1).count == 70)
        try await rig.check()
        try await rig.tickOut(lane)
        #expect(try await rig.totals()["dropped"] == 120)
        try await rig.makeDue(rig.keys.retries)
        try await rig.tickOut(lane)
        #expect(try await rig.totals()["dropped"] == 130)
        _ = try await rig.claim(lane)  // which puts the rings right
        try await rig.tickOut(lane)
        let left = try await rig.transientKeys()
        #expect(left == [])
        try await rig.check()
    }

    @Test
    func
        `what waits for a disabled webhook becomes dead letters in steps, and is delivered when it is enabled in between`()
        async throws
    {
        let (rig, lane) = try await rig()
        for n in 0..<80 { try await rig.plan(n, to: [1], lane: lane) }
        try await rig.setEnabled(1, false)
        try await rig.tick(lane)
        #expect(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(1))) == 50)
        try await rig.setEnabled(1, true)
        try await rig.tickOut(lane)
        #expect(try await rig.queue(1).count == 30)
        // It moves from the ring it was in to the one it belongs in, then it is served.
        let first = try await rig.claim(lane)
        let second = try await rig.claim(lane)
        #expect(first.count + second.count > 0)
        try await rig.check()
    }

    @Test func `dead letters go by age and by number, with their references`() async throws {
        var limits = StoreLimits()
        limits.maximumDeadLetters = 60
        limits.endpointConcurrency = 200
        let (rig, lane) = try await rig(limits: limits)
        for n in 0..<80 {
            try await rig.plan(n, to: [1], lane: lane, room: 1)
            try await rig.finish(StoreRig.token(n, 1), .dead(.exhausted), lane: lane)
        }
        try await rig.check()
        try await rig.tickOut(lane)
        #expect(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(1))) == 60)
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(19))))
        #expect(try await rig.exists(rig.keys.event(StoreRig.event(20))))
        #expect(try await rig.totals()["trimmed"] == 20)
        try await rig.check()
        // Eight days ago.
        let dead = rig.keys.dead(StoreRig.webhook(1))
        let old = try await rig.now() - 8 * 86_400_000
        for n in 20..<75 { try await rig.command("ZADD", dead, "\(old)", StoreRig.event(n).description) }
        try await rig.command("ZADD", rig.keys.deads, "\(old)", StoreRig.webhook(1).description)
        try await rig.tickOut(lane)
        #expect(try await rig.number("ZCARD", dead) == 5)
        try await rig.check()
    }

    @Test func `dead letters give way to newer ones of their webhook while the workspace holds half of its bytes`()
        async throws
    {
        var limits = StoreLimits()
        limits.maximumWorkspaceBytes = 10_000
        limits.endpointConcurrency = 200
        let (rig, lane) = try await rig(webhooks: [1, 2], limits: limits)
        let body = String(repeating: "x", count: 100)
        func die(_ n: Int, at webhook: Int) async throws {
            try await rig.ingest([n], body: body)
            let event = try #require(try await lane.claimEvents(count: 1, bytes: 1).events.first)
            try await rig.fanOut(event, to: [webhook], lane: lane, room: 1)
            try await rig.finish(StoreRig.token(n, webhook), .dead(.exhausted), lane: lane)
        }
        for n in 1000..<1010 { try await die(n, at: 2) }
        for n in 0..<120 {
            try await die(n, at: 1)
            try await rig.tickOut(lane)
        }
        #expect((20...60).contains(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(1)))))
        #expect(try await rig.number("ZCARD", rig.keys.dead(StoreRig.webhook(2))) == 10)
        #expect(try await rig.letter(1, 119) != nil)
        try await rig.check()
    }

    @Test func `poison is kept by number and by age, and releases its event`() async throws {
        let (rig, lane) = try await rig()
        let now = try await rig.now()
        for (n, at) in [(1, now - 8 * 86_400_000), (2, now)] {
            try await rig.command("RPUSH", rig.keys.poison, "\(at) acme/\(StoreRig.event(n))")
            try await rig.command("SET", rig.keys.event(StoreRig.event(n)), "{}")
        }
        try await rig.command("HSET", rig.keys.totals, "accepted", "2", "poisoned", "2")
        try await rig.command("HSET", rig.keys.held, "acme", "4")
        try await rig.check()
        try await rig.tickOut(lane)
        #expect(try await rig.list(rig.keys.poison) == ["\(now) acme/\(StoreRig.event(2))"])
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(1))))
        try await rig.check()
    }

    @Test
    func
        `a token that met two dead nodes is tried alone; three more deaths there make it dead, the others are delivered`()
        async throws
    {
        let (rig, lane) = try await rig(webhooks: Array(0..<12))
        for n in 0..<12 { try await rig.plan(n, to: [n], lane: lane) }
        try await rig.ingest([500])
        // Two nodes die with everything.
        for n in 0..<2 {
            let node = try await rig.lane("N\(n)")
            #expect(try await rig.claim(node).count == 12)
            #expect(try await node.claimEvents(count: 9, bytes: 1 << 20).events.count == 1)
            try await rig.expire(node)
            try await rig.tickOut(lane)
            try await rig.check()
        }
        #expect(try await rig.number("LLEN", rig.keys.suspects) == 13)
        #expect(try await rig.claim(lane).isEmpty)
        // Webhook 5 and the event kill whoever tries them.
        var delivered = 0
        var deaths = 0
        while try await rig.number("LLEN", rig.keys.suspects) > 0 {
            let node = try await rig.lane("S\(deaths)-\(delivered)")
            switch try #require(try await node.claimSuspect().suspect) {
            case .delivery(let delivery) where delivery.token.webhook != StoreRig.webhook(5):
                #expect(delivery.token.deaths == 2)
                try await rig.finish(delivery.token, .delivered, .up(milliseconds: 1), lane: node)
                delivered += 1
                #expect(try await node.close())
            case .delivery, .event:
                deaths += 1
                try await rig.expire(node)
                try await rig.tickOut(lane)
            }
            try await rig.check()
        }
        #expect(delivered == 11)
        #expect(deaths == 6)
        #expect(try await rig.letter(5, 5) == "#0 poison []")
        #expect(try await rig.list(rig.keys.poison).first?.hasSuffix(" acme/\(StoreRig.event(500))") == true)
        #expect(try await rig.totals()["poisoned"] == 1)
        // A poison delivery can be replayed once its cause is mended.
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(5), workspace: acme) == (1, 0))
        try await rig.check()
    }

    @Test func `suspects of a deleted webhook are dropped, of a busy endpoint they wait`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 1
        let (rig, lane) = try await rig(webhooks: [1, 2], limits: limits)
        try await rig.plan(0, to: [1], lane: lane)
        try await rig.plan(1, to: [2], lane: lane)
        for n in 0..<2 {
            let node = try await rig.lane("N\(n)")
            #expect(try await rig.claim(node).count == 2)
            try await rig.expire(node)
            try await rig.tickOut(lane)
        }
        try await rig.plan(2, to: [2], lane: lane, room: 1)
        #expect(try await rig.claim(lane).map(\.token.event) + [StoreRig.event(2)] == [StoreRig.event(2)])
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        let suspect = try await lane.claimSuspect().suspect
        #expect(suspect.map { _ in true } == nil)
        #expect(try await rig.totals()["dropped"] == 1)
        #expect(try await rig.number("LLEN", rig.keys.suspects) == 1)
        try await rig.check()
    }
}
