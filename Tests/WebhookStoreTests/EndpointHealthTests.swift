import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `An endpoint's health` {
    private let day: Int64 = 86_400_000

    /// A rig with one fast webhook and `count` deliveries of it in flight on lane L.
    private func inFlight(_ count: Int) async throws -> (StoreRig, LaneStore) {
        let rig = try await StoreRig.fresh()
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<count { try await rig.plan(n, to: [1], lane: lane, room: 1) }
        return (rig, lane)
    }

    private func fail(
        _ n: Int, _ rig: StoreRig, _ lane: LaneStore, after milliseconds: Int64 = 1, error: AttemptError = .status
    ) async throws {
        try await rig.finish(
            StoreRig.token(n, 1), .retry(milliseconds: 3_600_000), .down(milliseconds: milliseconds, error), lane: lane)
    }

    /// Lets an open endpoint's timer come due.
    private func halfOpen(_ rig: StoreRig, _ lane: LaneStore) async throws {
        try await rig.makeDue(rig.keys.timers)
        try await rig.tick(lane)
        #expect(try await rig.endpoint(1)["state"] == "half")
    }

    @Test func `the fifth failure in a row opens it, a success between starts the count again`() async throws {
        let (rig, lane) = try await inFlight(10)
        for n in 0..<4 { try await fail(n, rig, lane) }
        #expect(try await rig.endpoint(1)["state"] == "failing")
        try await rig.finish(StoreRig.token(4, 1), .delivered, .up(milliseconds: 5), lane: lane)
        #expect(try await rig.endpoint(1)["fails"] == "0")
        #expect(try await rig.endpoint(1)["state"] == "ok")
        for n in 5..<9 { try await fail(n, rig, lane) }
        #expect(try await rig.endpoint(1)["state"] == "failing")
        try await fail(9, rig, lane, error: .timeout)
        let endpoint = try await rig.endpoint(1)
        #expect(endpoint["state"] == "open")
        #expect(endpoint["openings"] == "1")
        #expect(endpoint["lastError"] == "timeout")
        #expect(try await rig.score(rig.keys.failing, StoreRig.webhook(1).description) != nil)
        try await rig.plan(20, to: [1], lane: lane)
        #expect(try await rig.claim(lane).isEmpty)
        let health = try await rig.webhooks.health(StoreRig.webhook(1))
        #expect(health.state == .failing)
        #expect(health.consecutiveFailures == 5)
        #expect(health.lastFailure == "timeout")
        #expect(health.nextAttemptAt != nil)
        try await rig.check()
    }

    @Test func `a node's own window opens it at once`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.finish(
            StoreRig.token(0, 1), .retry(milliseconds: 9), .open(milliseconds: 1, .connection), lane: lane)
        #expect(try await rig.endpoint(1)["state"] == "open")
        #expect(try await rig.endpoint(1)["lastError"] == "connection")
        try await rig.check()
    }

    @Test func `openings double from five seconds to fifteen minutes, jitter only adds`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.finish(
            StoreRig.token(0, 1), .retry(milliseconds: 3_600_000), .open(milliseconds: 1, .status), lane: lane)
        var wanted: Int64 = 5000
        for n in 1..<12 {
            let now = try await rig.now()
            let due = try #require(try await rig.score(rig.keys.timers, StoreRig.webhook(1).description))
            let pause = due - now
            #expect((wanted - 500...wanted * 12 / 10 + 50).contains(pause), "opening \(n): \(pause) ms")
            try await halfOpen(rig, lane)
            try await rig.plan(n, to: [1], lane: lane)
            #expect(try await rig.claim(lane).count == 1)
            try await fail(n, rig, lane)
            wanted = min(wanted * 2, 900_000)
        }
        try await rig.check()
    }

    @Test func `half open, one probe is an ordinary attempt; its success closes and raises the limit one by one`()
        async throws
    {
        let (rig, lane) = try await inFlight(5)
        for n in 0..<5 { try await fail(n, rig, lane) }
        for n in 10..<20 { try await rig.plan(n, to: [1], lane: lane) }
        try await halfOpen(rig, lane)
        let probes = try await rig.claim(lane)
        #expect(probes.map(\.token) == [StoreRig.token(10, 1)])
        #expect(try await rig.endpoint(1)["probe"] == "\(StoreRig.event(10))>\(StoreRig.webhook(1))#0")
        #expect(try await rig.claim(lane).isEmpty)
        #expect(try await rig.webhooks.health(StoreRig.webhook(1)).state == .probing)
        try await rig.check()
        try await rig.finish(probes[0].token, .delivered, .up(milliseconds: 5), lane: lane)
        #expect(try await rig.endpoint(1)["state"] == "failing")  // ok, with a ramp on record
        #expect(try await rig.webhooks.health(StoreRig.webhook(1)).state == .ok)
        #expect(try await !rig.exists(rig.keys.failing))
        #expect(try await !rig.exists(rig.keys.timers))
        var inTurn: [Int] = []
        for _ in 0..<3 {
            let claimed = try await rig.claim(lane)
            inTurn.append(claimed.count)
            for delivery in claimed {
                try await rig.finish(delivery.token, .delivered, .up(milliseconds: 0), lane: lane)
            }
        }
        #expect(inTurn == [1, 2, 4])
        try await rig.check()
    }

    @Test func `a failed probe is retried on the normal schedule and opens it again`() async throws {
        let (rig, lane) = try await inFlight(5)
        for n in 0..<5 { try await fail(n, rig, lane) }
        try await rig.plan(10, to: [1], lane: lane)
        try await halfOpen(rig, lane)
        #expect(try await rig.claim(lane).count == 1)
        try await fail(10, rig, lane)
        #expect(try await rig.endpoint(1)["state"] == "open")
        #expect(try await rig.endpoint(1)["openings"] == "2")
        #expect(try await rig.score(rig.keys.retries, "\(StoreRig.event(10))>\(StoreRig.webhook(1))#1") != nil)
        try await rig.check()
    }

    @Test func `late results never steer: neither close nor open it, nor stand in for the probe`() async throws {
        let (rig, lane) = try await inFlight(9)
        for n in 0..<5 { try await fail(n, rig, lane) }
        try await rig.finish(StoreRig.token(5, 1), .delivered, .up(milliseconds: 1), lane: lane)
        #expect(try await rig.endpoint(1)["state"] == "open")
        try await rig.plan(20, to: [1], lane: lane)
        try await halfOpen(rig, lane)
        let probe = try #require(try await rig.claim(lane).first)
        try await rig.finish(StoreRig.token(6, 1), .delivered, .up(milliseconds: 1), lane: lane)
        try await fail(7, rig, lane)
        #expect(try await rig.endpoint(1)["state"] == "half")
        #expect(try await rig.endpoint(1)["openings"] == "1")
        try await rig.finish(probe.token, .delivered, .up(milliseconds: 1), lane: lane)
        // Began a minute before it closed.
        try await fail(8, rig, lane, after: 60_000)
        #expect(try await rig.endpoint(1)["fails"] == "0")
        try await rig.check()
    }

    @Test func `a probe given back, or of a node that died, makes way for another one`() async throws {
        let (rig, lane) = try await inFlight(5)
        for n in 0..<5 { try await fail(n, rig, lane) }
        for n in 10..<13 { try await rig.plan(n, to: [1], lane: lane) }
        try await halfOpen(rig, lane)
        let probe = try #require(try await rig.claim(lane).first)
        try await rig.finish(probe.token, .back, lane: lane)
        #expect(try await rig.endpoint(1)["probe"] == "")
        #expect(try await rig.claim(lane).count == 1)
        try await rig.expire(lane)
        let heir = try await rig.lane("M")
        try await rig.tick(heir)
        #expect(try await rig.endpoint(1)["probe"] == "")
        #expect(try await rig.endpoint(1)["state"] == "half")
        #expect(try await rig.claim(heir).count == 1)
        try await rig.check()
    }

    @Test func `Retry-After opens it for that long, whatever the count, and is never undercut`() async throws {
        let (rig, lane) = try await inFlight(9)
        let before = try await rig.now()
        try await rig.finish(
            StoreRig.token(0, 1), .retry(milliseconds: 600_000), .wait(milliseconds: 600_000, .status), lane: lane)
        for n in 1..<7 { try await fail(n, rig, lane) }
        // A shorter wish that comes later takes nothing away.
        try await rig.finish(
            StoreRig.token(7, 1), .retry(milliseconds: 1000), .wait(milliseconds: 1000, .status), lane: lane)
        let due = try #require(try await rig.score(rig.keys.timers, StoreRig.webhook(1).description))
        #expect((600_000...601_000).contains(due - before))
        // A longer one adds.
        try await rig.finish(
            StoreRig.token(8, 1), .retry(milliseconds: 900_000), .wait(milliseconds: 900_000, .status), lane: lane)
        #expect(try #require(try await rig.score(rig.keys.timers, StoreRig.webhook(1).description)) - before >= 900_000)
        try await rig.check()
    }

    @Test func `a success of two seconds and more keeps it well but slow`() async throws {
        let (rig, lane) = try await inFlight(1)
        try await rig.command("HSET", rig.keys.endpoint(StoreRig.webhook(1)), "fastAt", "0", "okAt", "0")
        try await rig.finish(StoreRig.token(0, 1), .delivered, .up(milliseconds: 2000), lane: lane)
        #expect(try await rig.endpoint(1)["fastAt"] == "0")
        #expect(Int64(try await rig.endpoint(1)["okAt"] ?? "") ?? 0 > 0)
        for n in 10..<16 { try await rig.plan(n, to: [1], lane: lane, room: 9) }
        #expect(try await rig.claim(lane).count == 6)  // a success within ten minutes: no longer two at most
    }

    @Test func `410 disables the webhook in the same step, for good, with the reason`() async throws {
        let (rig, lane) = try await inFlight(2)
        let version = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1))).version
        try await rig.finish(
            StoreRig.token(0, 1), .dead(.gone), .disable(version: version, .gone), line: "{}", lane: lane)
        let webhook = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        #expect(!webhook.isEnabled)
        #expect(webhook.disabledReason == .gone)
        #expect(webhook.version > version)
        #expect(try await rig.letter(1, 0)?.hasPrefix("#1 gone ") == true)
        #expect(try await rig.feed.changes(since: version).workspaces == [acme])
        #expect(try await rig.webhooks.health(StoreRig.webhook(1)).state == .disabled)
        try await rig.check()
        try await rig.setEnabled(1, true)
        #expect(try await rig.webhooks.find(acme, StoreRig.webhook(1))?.disabledReason == nil)
        #expect(try await rig.webhooks.health(StoreRig.webhook(1)).state == .ok)
        try await rig.check()
    }

    @Test func `410 to a webhook that was changed since disables nothing`() async throws {
        let (rig, lane) = try await inFlight(1)
        let version = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1))).version
        var change = WebhookChange()
        change.set(targetUrl: "https://new.example")
        try await rig.webhooks.update(acme, StoreRig.webhook(1), change)
        try await rig.finish(StoreRig.token(0, 1), .dead(.gone), .disable(version: version, .gone), lane: lane)
        #expect(try await rig.webhooks.find(acme, StoreRig.webhook(1))?.isEnabled == true)
        #expect(try await rig.endpoint(1)["state"] == "ok")
        try await rig.check()
    }

    @Test func `ten failures in a row over more than five days disable it; nine, or four days, do not`() async throws {
        let (rig, lane) = try await inFlight(3)
        let key = rig.keys.endpoint(StoreRig.webhook(1))
        func back(_ days: Int64) async throws -> String { String(try await rig.now() - days * day) }
        try await rig.command("HSET", key, "state", "failing", "failingSince", try await back(6), "fails", "3")
        try await fail(0, rig, lane)
        #expect(try await rig.webhooks.find(acme, StoreRig.webhook(1))?.isEnabled == true)
        try await rig.command("HSET", key, "failingSince", try await back(4), "fails", "3")
        try await fail(1, rig, lane)
        #expect(try await rig.webhooks.find(acme, StoreRig.webhook(1))?.isEnabled == true)
        try await rig.command("HSET", key, "failingSince", try await back(6), "fails", "9")
        try await fail(2, rig, lane)
        let webhook = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        #expect(!webhook.isEnabled)
        #expect(webhook.disabledReason == .failing)
        #expect(try await rig.endpoint(1)["state"] == "disabled")
        try await rig.check()
    }

    @Test func `a change of target or of isEnabled forgets its failures, a change of the rest does not`() async throws {
        let (rig, lane) = try await inFlight(5)
        for n in 0..<5 { try await fail(n, rig, lane) }
        var description = WebhookChange()
        description.set(description: "text")
        try await rig.webhooks.update(acme, StoreRig.webhook(1), description)
        #expect(try await rig.endpoint(1)["state"] == "open")
        var target = WebhookChange()
        target.set(targetUrl: "https://new.example")
        try await rig.webhooks.update(acme, StoreRig.webhook(1), target)
        let endpoint = try await rig.endpoint(1)
        #expect(endpoint["state"] == "ok")
        #expect(endpoint["fails"] == "0")
        #expect(endpoint["failingSince"] == "")
        #expect(try await !rig.exists(rig.keys.timers))
        #expect(try await !rig.exists(rig.keys.failing))
        // In flight stays what it is, and it starts as a new endpoint: slow.
        try await rig.plan(9, to: [1], lane: lane, room: 1)
        #expect(try await rig.claim(lane, slow: 0).isEmpty)
        #expect(try await rig.claim(lane).count == 1)
        try await rig.check()
    }
}
