import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Finishing a token` {
    /// A rig with one fast webhook and `count` deliveries of it in flight on lane L.
    private func inFlight(_ count: Int) async throws -> (StoreRig, LaneStore) {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<count { try await rig.plan(n, to: [1], lane: lane, room: 1) }
        return (rig, lane)
    }

    @Test func `as delivered releases the event, and a second time settles nothing`() async throws {
        let (rig, lane) = try await inFlight(1)
        #expect(
            try await rig.finish(StoreRig.token(0, 1), .delivered, .up(milliseconds: 1), line: "{}", lane: lane) == 0)
        #expect(try await rig.transientKeys() == [])
        #expect(try await rig.totals() == ["accepted": 1, "fannedOut": 1, "planned": 1, "delivered": 1])
        #expect(try await rig.finish(StoreRig.token(0, 1), .delivered, lane: lane) == 1)
        #expect(try await rig.totals()["delivered"] == 1)
        #expect(try await rig.list(rig.keys.attempts(StoreRig.webhook(1))) == ["{}"])
        #expect(try await !rig.exists(rig.keys.failures(StoreRig.webhook(1))))
        try await rig.check()
    }

    @Test func `twice in one call counts once`() async throws {
        let (rig, lane) = try await inFlight(1)
        let once = FinishedToken(.delivery(StoreRig.token(0, 1)), .delivered)
        #expect(try await lane.finish([once, once], lane: "L").lost == 1)
        #expect(try await rig.totals()["delivered"] == 1)
        try await rig.check()
    }

    @Test func `of a lane that does not hold it settles nothing`() async throws {
        let (rig, lane) = try await inFlight(1)
        #expect(
            try await lane.finish([FinishedToken(.delivery(StoreRig.token(0, 1)), .delivered)], lane: "X").lost == 1)
        #expect(try await rig.number("SCARD", rig.keys.claimed("L")) == 1)
        try await rig.check()
    }

    @Test func `as a retry waits until its time with one attempt more and its line in the trail`() async throws {
        let (rig, lane) = try await inFlight(1)
        let before = try await rig.now()
        try await rig.finish(
            StoreRig.token(0, 1), .retry(milliseconds: 30_000), .down(milliseconds: 5, .status), line: #"{"a":1}"#,
            lane: lane)
        let due = try #require(
            try await rig.score(rig.keys.retries, "\(StoreRig.event(0))>\(StoreRig.webhook(1))#1"))
        #expect((30_000...31_000).contains(due - before))
        let trail = rig.keys.trail(StoreRig.event(0), StoreRig.webhook(1))
        #expect(try await rig.list(trail) == [#"{"a":1}"#])
        #expect(try await rig.number("TTL", trail) > 8 * 86_400)
        #expect(try await rig.list(rig.keys.failures(StoreRig.webhook(1))) == [#"{"a":1}"#])
        #expect(try await rig.totals()["failed"] == 1)
        try await rig.check()
        // Due, it goes to the head of its queue, and success forgets the trail.
        try await rig.plan(5, to: [1], lane: lane)
        try await rig.makeDue(rig.keys.retries)
        try await rig.tick(lane)
        #expect(try await rig.queue(1).first == "\(StoreRig.event(0))#1")
        let again = try #require(try await rig.claim(lane).first { $0.token.event == StoreRig.event(0) })
        #expect(again.token.attempt == 1)
        try await rig.finish(again.token, .delivered, .up(milliseconds: 1), lane: lane)
        #expect(try await !rig.exists(trail))
        try await rig.check()
    }

    @Test func `as dead keeps the event and takes the lines of all attempts with it`() async throws {
        let (rig, lane) = try await inFlight(1)
        for attempt in 0..<3 {
            try await rig.finish(
                StoreRig.token(0, 1, attempt: attempt), .retry(milliseconds: 1), line: #"{"a":\#(attempt)}"#, lane: lane
            )
            try await rig.makeDue(rig.keys.retries)
            try await rig.tick(lane)
            #expect(try await rig.claim(lane).count == 1)
        }
        try await rig.finish(
            StoreRig.token(0, 1, attempt: 3), .dead(.exhausted), .down(milliseconds: 1, .timeout), line: #"{"a":3}"#,
            lane: lane)
        #expect(try await rig.letter(1, 0) == #"#4 exhausted [{"a":0},{"a":1},{"a":2},{"a":3}]"#)
        #expect(try await rig.exists(rig.keys.event(StoreRig.event(0))))
        #expect(try await !rig.exists(rig.keys.trail(StoreRig.event(0), StoreRig.webhook(1))))
        #expect(try await rig.number("TTL", rig.keys.dead(StoreRig.webhook(1))) == -1)
        #expect(try await rig.totals()["failed"] == 4)
        #expect(try await rig.hash(rig.keys.backlog)["*"] == "0")
        try await rig.check()
    }

    @Test func `as given back stands at the head of its queue, unburned`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.plan(7, to: [1], lane: lane)
        try await rig.finish(StoreRig.token(0, 1), .back, lane: lane)
        #expect(try await rig.queue(1) == ["\(StoreRig.event(0))#0", "\(StoreRig.event(7))#0"])
        #expect(try await rig.endpoint(1)["inflight"] == "0")
        #expect(try await rig.totals()["failed"] == nil)
        try await rig.check()
    }

    @Test(arguments: [Outcome.retry(milliseconds: 9), .dead(.exhausted), .back])
    func `of a deleted webhook ends as dropped and brings no key back`(_ outcome: Outcome) async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        try await rig.finish(
            StoreRig.token(0, 1), outcome, .down(milliseconds: 1, .status), line: "{}", lane: lane)
        try await rig.tickOut(lane)
        #expect(try await rig.totals()["dropped"] == 1)
        #expect(try await rig.transientKeys() == [])
        #expect(try await Set(rig.endpoint(1).keys) == ["ws", "state"])
        #expect(try await !rig.exists(rig.keys.attempts(StoreRig.webhook(1))))
        try await rig.check()
    }

    @Test func `that was delivered at a deleted webhook counts as delivered`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        try await rig.finish(StoreRig.token(0, 1), .delivered, .up(milliseconds: 1), line: "{}", lane: lane)
        #expect(try await rig.totals()["delivered"] == 1)
        #expect(try await rig.totals()["dropped"] == nil)
        try await rig.check()
    }

    @Test func `of a disabled webhook is a dead letter when it was to be retried or given back`() async throws {
        let (rig, lane) = try await inFlight(2)
        try await rig.setEnabled(1, false)
        try await rig.finish(StoreRig.token(0, 1), .retry(milliseconds: 9), line: "{}", lane: lane)
        try await rig.finish(StoreRig.token(1, 1), .back, lane: lane)
        #expect(try await rig.letter(1, 0) == "#1 disabled [{}]")
        #expect(try await rig.letter(1, 1) == "#0 disabled []")
        try await rig.check()
    }

    @Test func `leaves at most a hundred lines of attempts and of failures`() async throws {
        var limits = StoreLimits()
        limits.endpointConcurrency = 1000
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<130 {
            try await rig.plan(n, to: [1], lane: lane, room: 1)
            try await rig.finish(StoreRig.token(n, 1), .dead(.exhausted), line: #"{"n":\#(n)}"#, lane: lane)
        }
        for key in [rig.keys.attempts(StoreRig.webhook(1)), rig.keys.failures(StoreRig.webhook(1))] {
            let lines = try await rig.list(key)
            #expect(lines.count == 100)
            #expect(lines.first == #"{"n":129}"#)
            #expect((600_000...604_800).contains(try await rig.number("TTL", key)))
        }
        try await rig.check()
    }

    @Test func `with deaths behind it is settled by its whole name, and a retry forgets them`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.expire(lane)
        let heir = try await rig.lane("M")
        try await rig.tick(heir)
        let delivery = try #require(try await rig.claim(heir).first)
        #expect(delivery.token == StoreRig.token(0, 1, deaths: 1))
        #expect(try await rig.finish(StoreRig.token(0, 1), .delivered, lane: heir) == 1)
        #expect(try await rig.finish(delivery.token, .retry(milliseconds: 1), lane: heir) == 0)
        #expect(try await rig.score(rig.keys.retries, "\(StoreRig.event(0))>\(StoreRig.webhook(1))#1") != nil)
        try await rig.check()
    }
}
