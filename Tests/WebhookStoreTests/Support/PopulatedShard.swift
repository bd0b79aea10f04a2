import FleetSupport
import RedisClient
import Testing
import WebhookModel
import WebhookStore

/// A shard in which every kind of key of the queue exists, with tokens in every place they can be.
///
/// Lane L lives and holds deliveries, a suspect's kind and an event in the middle of its fan-out; DEAD and GONE have
/// expired, GONE was abandoned. Webhook 3 is open, 4 half open with a probe, 7 deleted, 8 disabled.
struct PopulatedShard {
    let rig: StoreRig
    let lane: LaneStore

    init() async throws {
        rig = try await StoreRig.fresh()
        lane = try await rig.lane("L")
        let dead = try await rig.lane("DEAD")
        let gone = try await rig.lane("GONE")
        _ = try await lane.abandon("GONE")
        try await rig.register(0..<10, secret: "secret")
        try await rig.register([20], other)
        try await rig.makeFast(0..<3)
        try await APIKeyStore(rig.shard).create(
            APIKeyToken.generate(), workspace: acme, name: "n", scopes: .read, expiresAt: nil)

        try await rig.plan(1, to: [0, 1, 2], lane: lane, room: 3)
        try await rig.plan(2, to: [0, 1], lane: dead, room: 2)
        try await rig.plan(3, to: [5], lane: gone)
        _ = try await rig.claim(gone)
        try await breakEndpoints(dead)
        try await fillDeadLettersAndRetries()
        try await addSuspectsAndPoison()
        try await startFanOut()
        _ = try await EventIntake(rig.shard).ingest(
            [PreparedEvent(id: StoreRig.event(17), body: Array("{}".utf8), producerID: "known")], workspace: acme,
            request: RequestKey(key: "known", body: "body".utf8))
        try await rig.ingest([18], other)
        try await rig.ingest([40])
        _ = try await dead.claimEvents(count: 1, bytes: 1)
        try await rig.expire(dead)
        try await rig.expire(gone)
        try await rig.check()
    }

    /// Webhook 3 open with a timer, 4 half open with a probe.
    private func breakEndpoints(_ dead: LaneStore) async throws {
        try await rig.plan(4, to: [6, 3, 4], lane: lane)
        let taken = try await rig.claim(dead)
        try await rig.plan(5, to: [3, 4], lane: lane)
        try await rig.plan(6, to: [4], lane: lane)
        for delivery in taken where [3, 4].map(StoreRig.webhook).contains(delivery.token.webhook) {
            try await rig.finish(
                delivery.token, .retry(milliseconds: 100_000), .open(milliseconds: 1, .status), line: #"{"x":1}"#,
                lane: dead)
        }
        try await rig.command("ZADD", rig.keys.timers, "1", StoreRig.webhook(4).description)
        try await rig.tick(lane)
        _ = try await rig.claim(lane)
        #expect(try await rig.endpoint(3)["state"] == "open")
        #expect(try await rig.endpoint(4)["probe"]?.isEmpty == false)
    }

    private func fillDeadLettersAndRetries() async throws {
        try await rig.plan(7, to: [7], lane: lane)
        try await rig.plan(8, to: [8], lane: lane)
        try await rig.plan(9, to: [9], lane: lane)
        try await rig.plan(10, to: [7, 8], lane: lane)
        for delivery in try await rig.claim(lane) {
            if delivery.token.webhook == StoreRig.webhook(7) {
                try await rig.finish(
                    delivery.token, .dead(.exhausted), .down(milliseconds: 1, .status), line: #"{"x":2}"#, lane: lane)
            } else if delivery.token.webhook == StoreRig.webhook(9) {
                try await rig.finish(
                    delivery.token, .retry(milliseconds: 0), .down(milliseconds: 1, .status), line: #"{"x":3}"#,
                    lane: lane)
            }
        }
        try await rig.plan(11, to: [9, 7, 8, 1], lane: lane)
        try await rig.plan(12, to: [8], lane: lane)
        try await rig.plan(13, to: [7], lane: lane)
        try await rig.setEnabled(8, false)
        try await rig.webhooks.delete(acme, StoreRig.webhook(7))
        try await rig.ingest([21])
        let event = try #require(try await lane.claimEvents(count: 1, bytes: 1).events.first)
        try await rig.fanOut(event, to: [9], lane: lane)
        for delivery in try await rig.claim(lane) where delivery.token.event == StoreRig.event(21) {
            try await rig.finish(delivery.token, .dead(.exhausted), line: "{}", lane: lane)
        }
    }

    private func addSuspectsAndPoison() async throws {
        let suspects = ["\(StoreRig.event(14))>\(StoreRig.webhook(1))#0.2", "acme/\(StoreRig.event(15)).3"]
        try await rig.command("RPUSH", rig.keys.suspects, suspects[0], suspects[1])
        try await rig.command("RPUSH", rig.keys.poison, "1790000000000 acme/\(StoreRig.event(60))")
        for n in [14, 15, 60] { try await rig.command("SET", rig.keys.event(StoreRig.event(n)), "{}") }
        for (key, field, by) in [
            (rig.keys.held, "acme", "6"), (rig.keys.totals, "accepted", "3"), (rig.keys.totals, "fannedOut", "1"),
            (rig.keys.totals, "planned", "1"), (rig.keys.totals, "poisoned", "1"), (rig.keys.backlog, "acme", "2"),
            (rig.keys.backlog, "*", "2"),
        ] {
            try await rig.command("HINCRBY", key, field, by)
        }
    }

    private func startFanOut() async throws {
        try await rig.ingest([16])
        let event = try #require(try await lane.claimEvents(count: 1, bytes: 1).events.first)
        let chunk = rig.chunk(event.token, [0, 1, 2], cursor: 2, isLast: false)
        #expect(try await lane.fanOut([chunk], room: 0).statuses == [.written])
    }
}
