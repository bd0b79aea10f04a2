import FaultHarness
import FleetSupport
import RedisClient
import TestSupport
import Testing
import WebhookStore

/// The harness must report losses where there are some.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct `Negative controls` {
    @Test func `with the claim replaced by a plain pop the harness reports losses`() async throws {
        let stage = try await FaultStage(deliveries: 0, verifyingEvery: .max)
        let producer = try await stage.createProducer("acme")
        let webhook = try await stage.subscribe(producer, path: "/hook")
        let load = await stage.producer(for: producer)
        let consumer = try BrokenConsumer(
            .plainPop, redis: stage.fleet.redis.url, workspace: "acme", webhook: webhook.id, path: "/hook",
            receiver: stage.receivers[0])
        for _ in 0..<10 { try await load.post(count: 10) }
        let running = Task { await consumer.run() }
        try await eventually("it delivers") { stage.oracle.posts > 22 }
        running.cancel()
        await running.value
        // A sound node takes over what is left.
        try await stage.startDelivery()
        let prefix = StoreKeys.shard0.prefix
        try await eventually(within: .seconds(20), "the rest") {
            try await stage.view.execute("EXISTS", "\(prefix)eventring", "\(prefix)ring:fast", "\(prefix)ring:slow")
                .integer() == 0
        }
        let balance = try await stage.balance()
        #expect(!balance.lost.isEmpty, "\(balance.summary)")
        #expect(!balance.problems.isEmpty, "the doctor sees it too")
        try await stage.strike()
    }

    @Test func `with the lane kept after an error the harness reports losses`() async throws {
        let stage = try await FaultStage(deliveries: 0, verifyingEvery: .max)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let producer = try await stage.createProducer("acme")
        let webhook = try await stage.subscribe(producer, path: "/hook")
        let load = await stage.producer(for: producer)
        let consumer = try BrokenConsumer(
            .laneKeptAfterError, redis: proxy.url, workspace: "acme", webhook: webhook.id, path: "/hook",
            receiver: stage.receivers[0])
        let running = Task { await consumer.run() }
        for _ in 0..<3 { try await load.post(count: 10) }
        try await eventually("it delivers") { stage.oracle.posts >= 30 }
        // One claim's reply is late, no more.
        proxy.become(
            .holdAfter(text: String(decoding: StoreScripts.claimEvents.sha1, as: UTF8.self), .milliseconds(500)))
        try await load.post(count: 10)
        try await eventually("a claim that nobody read") {
            try await stage.snapshot().sets.contains { $0.key.hasPrefix("claimed:") && $0.value.count >= 10 }
        }
        proxy.become(.pass)
        try await load.post(count: 10)
        // A sound node beside it, and more than its lease: the heartbeat goes on, so nobody returns the tokens.
        try await stage.startDelivery()
        try await throughout(.seconds(8), "tokens behind a living heartbeat") {
            try await stage.view.backlog() >= 10
        }
        let balance = try await stage.balance()
        #expect(balance.lost.count >= 10, "\(balance.summary)")
        running.cancel()
        await running.value
        try await proxy.stop()
        try await stage.strike()
    }
}
