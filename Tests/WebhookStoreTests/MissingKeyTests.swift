import FleetSupport
import NIOCore
import RedisClient
import Testing
import WebhookModel
import WebhookStore

/// Redis may lose a key (an operator's mistake, a restore, a bug): no script may fail over it halfway or lose more.
@Suite(.serialized, .ownRedis, .timeLimit(.minutes(2)))
struct `With any one key of a populated shard missing` {
    /// One call of a script, as a node would make it in that state.
    private struct Call: Sendable {
        let name: String
        /// Whether it changes nothing.
        var isReading = false
        let run: @Sendable (Shard) async throws -> Void
    }

    @Test func `no script fails, and each token that is still there is in one place and counted`() async throws {
        let populated = try await PopulatedShard()
        let calls = try await Self.calls(populated)
        let scratch = try await OwnRedis.connect(populated.rig.server, database: 1)
        let names = try await ShardSnapshot(populated.rig.redis).keyNames.sorted()
        for kind in StoreKeys.documented {
            #expect(names.contains { keyKind($0) == kind }, "the populated shard has no \(kind)")
        }
        var problems: [String] = []
        for missing in [nil] + names.filter(Self.standsForItself).map(Optional.some) {
            try await Self.copy(populated.rig, without: missing, to: scratch)
            let before = try await ShardSnapshot(scratch)
            for call in calls {
                let problem = try await Self.problem(of: call, without: missing, before, scratch)
                if let problem { problems.append("\(call.name) without \(missing ?? "nothing"): \(problem)") }
                try await Self.copy(populated.rig, without: missing, to: scratch)
            }
        }
        await scratch.close()
        #expect(problems.prefix(10) == [])
    }

    /// Webhooks 2, 5 and 6 are like 1: one of them stands for all.
    private static func standsForItself(_ name: String) -> Bool {
        guard name.hasPrefix("webhook:") || name.hasPrefix("endpoint:") else { return true }
        return ![2, 5, 6].contains { name.hasSuffix(StoreRig.webhook($0).description) }
    }

    /// Makes the call; what is wrong afterwards.
    private static func problem(
        of call: Call, without missing: String?, _ old: ShardSnapshot, _ scratch: RedisConnection
    ) async throws -> String? {
        do {
            try await call.run(Shard(scratch))
        } catch let error as StoreError where error.redisError == nil {
            // A refusal by name, such as MISSING: the caller knows what to do with it.
        } catch {
            return "\(error)"
        }
        if call.isReading { return nil }
        let new = try await ShardSnapshot(scratch)
        let before = ShardInvariants(old)
        let after = ShardInvariants(new)
        func total(_ name: String, _ snapshot: ShardSnapshot) -> Int {
            snapshot.hashes["totals"]?[name].flatMap { Int($0) } ?? 0
        }
        func gained(_ name: String) -> Int { total(name, new) - total(name, old) }
        if let twice = after.broken.first(where: { $0.contains(" is in [") }) { return twice }
        if missing == nil, !after.broken.isEmpty { return after.broken[0] }
        let finals = gained("delivered") + gained("dead") + gained("dropped")
        if before.openDeliveries + gained("planned") + gained("replayed") != after.openDeliveries + finals {
            return "deliveries: \(before.openDeliveries) became \(after.openDeliveries), \(finals) final"
        }
        // A letter without its place in `dead` can still be replayed by name; only the place was counted.
        if missing?.hasPrefix("dead:") != true,
            before.deadLetters + gained("dead") != after.deadLetters + gained("trimmed") + gained("replayed")
        {
            return "dead letters: \(before.deadLetters) became \(after.deadLetters)"
        }
        let events = before.waitingEvents + gained("accepted")
        if events != after.waitingEvents + gained("fannedOut") + gained("poisoned") {
            return "events: \(events) became \(after.waitingEvents)"
        }
        return nil
    }

    /// Copies the populated shard less one key to the scratch database.
    private static func copy(_ rig: StoreRig, without missing: String?, to scratch: RedisConnection) async throws {
        _ = try await scratch.execute(RedisCommand("FLUSHDB"))
        try await rig.command("EVAL", copy, "0", missing.map { rig.keys.prefix + $0 } ?? "")
    }

    private static let copy = """
        for _, key in ipairs(redis.call('KEYS', '*')) do
          if key ~= ARGV[1] then redis.call('COPY', key, key, 'DB', 1) end
        end
        """

    // MARK: Calls

    private static func calls(_ populated: PopulatedShard) async throws -> [Call] {
        let rig = populated.rig
        let held = try await rig.command("SMEMBERS", rig.keys.claimed("L")).array().compactMap { value in
            try value.bytes().withUnsafeReadableBytes { LaneToken($0) }
        }
        let deliveries = held.filter { if case .delivery = $0 { true } else { false } }
        let event = try #require(
            held.compactMap { token -> EventToken? in if case .event(let event) = token { event } else { nil } }.first)
        #expect(deliveries.count >= 6)
        return queueCalls(event) + finishCalls(deliveries, event) + configurationCalls()
    }

    private static func lane(_ shard: Shard) -> LaneStore { LaneStore(shard, lane: "L") }

    private static func queueCalls(_ event: EventToken) -> [Call] {
        @Sendable func chunk(_ webhooks: [Int], last: Bool) -> FanOutChunk {
            FanOutChunk(
                token: event, expectedCursor: StoreRig.webhook(2), newCursor: StoreRig.webhook(8), isLast: last,
                webhooks: webhooks.map(StoreRig.webhook))
        }
        return [
            Call(name: "ingest") { shard in
                let events = ["known", "new"].enumerated().map {
                    PreparedEvent(id: StoreRig.event(50 + $0.offset), body: [123, 125], producerID: $0.element)
                }
                _ = try await EventIntake(shard).ingest(
                    events, workspace: acme, request: RequestKey(key: "another", body: "b".utf8))
            },
            Call(name: "ingest again") { shard in
                _ = try await EventIntake(shard).ingest(
                    [PreparedEvent(id: StoreRig.event(50), body: [123, 125])], workspace: acme,
                    request: RequestKey(key: "known", body: "body".utf8))
            },
            Call(name: "claim_events") { _ = try await lane($0).claimEvents(count: 64, bytes: 1 << 20) },
            Call(name: "fan_out, last") {
                _ = try await lane($0).fanOut([chunk([3, 4, 5, 7, 8, 9], last: true)], room: 3)
            },
            Call(name: "fan_out, not last") {
                _ = try await lane($0).fanOut([chunk([3, 5, 7, 8], last: false)], room: 0)
            },
            Call(name: "claim_deliveries") {
                _ = try await lane($0).claimDeliveries(count: 64, slow: 64, quantum: 8, bytes: 1 << 20, full: [])
            },
            Call(name: "claim_suspect") { _ = try await lane($0).claimSuspect() },
            Call(name: "tick") { _ = try await lane($0).tick(lease: .seconds(15)) },
            Call(name: "tick, everything is old") { shard in
                var limits = StoreLimits()
                limits.deadRetention = .seconds(-1)
                limits.maximumDeadLetters = 0
                _ = try await lane(Shard(shard.executor, limits: limits)).tick(lease: .seconds(15))
            },
            Call(name: "open_lane") { _ = try await LaneStore($0, lane: "NEW").open(lease: .seconds(9), facts: []) },
            Call(name: "abandon_lane") { _ = try await lane($0).abandon("L") },
            Call(name: "close_lane") { _ = try await lane($0).close() },
        ]
    }

    private static func finishCalls(_ deliveries: [LaneToken], _ event: EventToken) -> [Call] {
        let outcomes: [Outcome] = [
            .delivered, .retry(milliseconds: 9), .dead(.exhausted), .back, .running, .dead(.gone),
        ]
        let verdicts: [EndpointVerdict?] = [
            .up(milliseconds: 1), .down(milliseconds: 1, .status), .wait(milliseconds: 99, .status),
            .disable(version: 1, .gone), .slow, .open(milliseconds: 1, .timeout), nil,
        ]
        let calls = [0, 2, 4, 5].map { shift in
            Call(name: "finish, mixed \(shift)") { shard in
                let tokens = deliveries.enumerated().map { index, token in
                    FinishedToken(
                        token, outcomes[(index + shift) % outcomes.count], verdict: verdicts[(index * 5 + shift) % 7],
                        line: Array(#"{"l":1}"#.utf8))
                }
                _ = try await lane(shard).finish(tokens, lane: "L")
            }
        }
        return calls + [
            Call(name: "finish, all back") { shard in
                let tokens = (deliveries + [.event(event)]).map { FinishedToken($0, .back) }
                _ = try await lane(shard).finish(tokens, lane: "L")
            }
        ]
    }

    private static func configurationCalls() -> [Call] {
        func change(_ body: (inout WebhookChange) -> Void) -> WebhookChange {
            var change = WebhookChange()
            body(&change)
            return change
        }
        func update(_ name: String, _ webhook: Int, _ body: (inout WebhookChange) -> Void) -> Call {
            let change = change(body)
            return Call(name: "save_webhook, \(name)") {
                try await WebhookStore($0).update(acme, StoreRig.webhook(webhook), change)
            }
        }
        let new = change { $0.set(targetUrl: "https://new.example") }
        return [
            update("target", 3) { $0.set(targetUrl: "https://y.example") },
            update("enable", 8) { $0.set(isEnabled: true) },
            update("disable", 0) { $0.set(isEnabled: false) },
            update("rotate", 1) { $0.rotate(to: Secret(stored: "new"), grace: .seconds(9)) },
            Call(name: "save_webhook, new") { try await WebhookStore($0).create(acme, StoreRig.webhook(90), new) },
            Call(name: "delete_webhook") { try await WebhookStore($0).delete(acme, StoreRig.webhook(0)) },
            Call(name: "delete_webhook, half open") { try await WebhookStore($0).delete(acme, StoreRig.webhook(4)) },
            Call(name: "list_webhooks", isReading: true) {
                _ = try await WebhookStore($0).page(acme, .before(StoreRig.webhook(7)), limit: 9)
            },
            Call(name: "changes", isReading: true) { _ = try await SubscriptionFeed($0).changes(since: 0) },
            Call(name: "load", isReading: true) { _ = try await SubscriptionFeed($0).load(acme, after: 0) },
            Call(name: "replay") {
                _ = try await DeadLetterStore($0).replay(StoreRig.webhook(9), workspace: acme)
            },
            Call(name: "replay, by event") {
                _ = try await DeadLetterStore($0).replay(
                    StoreRig.webhook(9), workspace: acme, events: [StoreRig.event(21)])
            },
            Call(name: "test_event") { shard in
                var arguments = RedisArguments()
                for word in [
                    shard.keys.prefix, "16", "acme", StoreRig.webhook(1).description, StoreRig.event(70).description,
                    "{}",
                ] { arguments.append(word) }
                do {
                    _ = try await shard.executor.evaluate(
                        StoreScripts.testEvent, keys: [shard.keys.version], arguments: arguments)
                } catch RedisError.server(let error) where error.code == "MISSING" {}
            },
            Call(name: "create_key") {
                try await APIKeyStore($0).create(
                    APIKeyToken.generate(), workspace: acme, name: "m", scopes: .read, expiresAt: nil)
            },
            Call(name: "revoke_key") { shard in
                for key in try await APIKeyStore(shard).list(acme) { try await APIKeyStore(shard).revoke(key.id) }
            },
        ]
    }
}
