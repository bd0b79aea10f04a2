import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Dead letters` {
    /// A rig whose webhook 1 has dead letters of events 0 up to `count`, the oldest first.
    private func dead(_ count: Int) async throws -> (StoreRig, LaneStore) {
        var limits = StoreLimits()
        limits.endpointConcurrency = 1000
        let rig = try await StoreRig.fresh(limits: limits)
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<count {
            try await rig.plan(n, to: [1], lane: lane, room: 1)
            try await rig.finish(
                StoreRig.token(n, 1), .dead(.exhausted), line: #"{"n":\#(n)}"#,
                lane: lane)
            try await rig.command(
                "ZADD", rig.keys.dead(StoreRig.webhook(1)), "\(1_790_000_000_000 + n)", StoreRig.event(n).description)
        }
        return (rig, lane)
    }

    @Test func `are listed the oldest first, with reason, attempts and their lines`() async throws {
        let (rig, _) = try await dead(3)
        let (total, letters) = try await rig.deadLetters.list(StoreRig.webhook(1), offset: 1, limit: 9)
        #expect(total == 3)
        #expect(letters.map(\.event) == [StoreRig.event(1), StoreRig.event(2)])
        #expect(letters.map(\.diedAt) == [1_790_000_000_001, 1_790_000_000_002])
        #expect(letters.map(\.attemptLines) == [#"[{"n":1}]"#, #"[{"n":2}]"#])
        #expect(letters.allSatisfy { $0.reason == "exhausted" && $0.attempts == 1 })
        #expect(try await rig.deadLetters.workspace(of: StoreRig.webhook(1)) == acme)
        #expect(try await rig.deadLetters.workspace(of: StoreRig.webhook(2)) == nil)
    }

    @Test func `go back to the head of the queue as never tried, the oldest first`() async throws {
        let (rig, lane) = try await dead(3)
        try await rig.plan(50, to: [1], lane: lane)
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, limit: 2) == (2, 1))
        #expect(try await rig.queue(1) == [0, 1, 50].map { "\(StoreRig.event($0))#0" })
        #expect(try await rig.totals()["replayed"] == 2)
        try await rig.check()
        #expect(try await rig.claim(lane).map(\.token.event).prefix(2) == [StoreRig.event(0), StoreRig.event(1)])
    }

    @Test func `are counted without being moved`() async throws {
        let (rig, _) = try await dead(3)
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, dryRun: true) == (0, 3))
        let some = [StoreRig.event(0), StoreRig.event(77)]
        #expect(
            try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, events: some, dryRun: true) == (0, 1)
        )
        #expect(try await rig.queue(1).isEmpty)
        try await rig.check()
    }

    @Test func `named by their events go alone, each once`() async throws {
        let (rig, _) = try await dead(3)
        let some = [StoreRig.event(2), StoreRig.event(77), StoreRig.event(0)]
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, events: some).replayed == 2)
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, events: some).replayed == 0)
        try await rig.check()
    }

    @Test func `named twice in one call go once`() async throws {
        let (rig, _) = try await dead(1)
        let twice = [StoreRig.event(0), StoreRig.event(0)]
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, events: twice).replayed == 1)
        try await rig.check()
    }

    @Test func `are put back a hundred a call at most`() async throws {
        let (rig, _) = try await dead(130)
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, limit: 1000) == (100, 30))
        #expect(try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme, limit: 1000) == (30, 0))
        #expect(try await !rig.exists(rig.keys.deads))
        try await rig.check()
    }

    @Test func `of a disabled, deleted or foreign webhook stay`() async throws {
        let (rig, _) = try await dead(1)
        await #expect(throws: StoreError.missing) {
            _ = try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: other)
        }
        try await rig.setEnabled(1, false)
        await #expect(throws: StoreError.disabled) {
            _ = try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme)
        }
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        await #expect(throws: StoreError.missing) {
            _ = try await rig.deadLetters.replay(StoreRig.webhook(1), workspace: acme)
        }
        #expect(try await rig.totals()["replayed"] == nil)
        try await rig.check()
    }

    @Test func `of a deleted webhook are trimmed with it`() async throws {
        let (rig, lane) = try await dead(60)
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        try await rig.tickOut(lane)
        #expect(try await rig.totals()["trimmed"] == 60)
        #expect(try await rig.transientKeys() == [])
        try await rig.check()
    }

    @Test func `a test event goes to one webhook alone, first, whatever its patterns`() async throws {
        let (rig, lane) = try await dead(0)
        try await rig.register([2])
        try await rig.plan(1, to: [1, 2], lane: lane)
        func send(_ webhook: Int, _ event: Int, _ workspace: String = "acme") async throws -> RedisValue {
            var arguments = RedisArguments()
            for word in [
                rig.keys.prefix, "16", workspace, StoreRig.webhook(webhook).description,
                StoreRig.event(event).description, "{}",
            ] {
                arguments.append(word)
            }
            return try await rig.redis.evaluate(StoreScripts.testEvent, keys: [rig.keys.version], arguments: arguments)
        }
        #expect(try await send(1, 90).integer() == 1)
        #expect(try await rig.queue(1).first == "\(StoreRig.event(90))#0")
        #expect(try await rig.queue(2).count == 1)
        #expect(try await rig.totals()["accepted"] == 2)
        try await rig.check()
        await #expect { try await send(1, 90) } throws: { ($0 as? RedisError)?.hasCode("EXISTS") == true }
        await #expect { try await send(1, 91, "other") } throws: { ($0 as? RedisError)?.hasCode("MISSING") == true }
        await #expect { try await send(7, 91) } throws: { ($0 as? RedisError)?.hasCode("MISSING") == true }
        try await rig.setEnabled(1, false)
        await #expect { try await send(1, 91) } throws: { ($0 as? RedisError)?.hasCode("DISABLED") == true }
        #expect(try await !rig.exists(rig.keys.event(StoreRig.event(91))))
        try await rig.check()
    }
}

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `API keys in the store` {
    @Test func `are stored by their hash alone, listed the oldest first, and gone when revoked`() async throws {
        let rig = try await StoreRig.fresh()
        let store = APIKeyStore(rig.shard)
        let token = APIKeyToken.generate()
        let second = APIKeyToken.generate()
        try await store.create(token, workspace: acme, name: "first", scopes: [.webhooks, .events], expiresAt: nil)
        try await rig.command("HSET", rig.keys.apiKey(token.lookup), "createdAt", "5")
        try await store.create(second, workspace: acme, name: "second", scopes: .read, expiresAt: 1_800_000_000_000)
        let key = try #require(try await store.find(token.lookup))
        #expect(key.sha256 == token.digestText)
        #expect(key.workspace == acme)
        #expect(key.scopes == [.webhooks, .events])
        #expect(key.expiresAt == nil)
        #expect(try await store.list(acme).map(\.name) == ["first", "second"])
        #expect(try await store.list(acme)[1].expiresAt == 1_800_000_000_000)
        #expect(try await store.list(other).isEmpty)
        #expect(try await rig.hash(rig.keys.workspace(acme))["name"] == "acme")
        for (name, value) in try await rig.hash(rig.keys.apiKey(token.lookup)) {
            #expect(!value.contains(token.exposedText.suffix(43)), "\(name) holds the secret part")
        }
        await #expect(throws: StoreError.exists) {
            try await store.create(token, workspace: other, name: "again", scopes: .read, expiresAt: nil)
        }
        try await store.revoke(token.lookup)
        #expect(try await store.find(token.lookup) == nil)
        #expect(try await store.list(acme).map(\.name) == ["second"])
        await #expect(throws: StoreError.missing) { try await store.revoke(token.lookup) }
    }
}
