import APIClient
import FaultHarness
import FleetSupport
import Glibc
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookStore

extension Balance {
    /// What every scenario must show.
    func expectNothingLost(duplicatesAtMost limit: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(lost.isEmpty, "\(summary)", sourceLocation: sourceLocation)
        #expect(duplicates <= limit, "\(summary)", sourceLocation: sourceLocation)
        #expect(problems == [], sourceLocation: sourceLocation)
    }
}

@Suite(.serialized, .timeLimit(.minutes(5)))
struct `A node that dies` {
    @Test func `an API node killed before Redis took the event stores nothing, the repeat is delivered once`()
        async throws
    {
        try await killAPINode(mode: .dropRequests, storedAtDeath: 0)
    }

    @Test func `an API node killed after Redis took the event, before its 202, leaves one event for two posts`()
        async throws
    {
        try await killAPINode(
            mode: .holdAfter(text: Self.text(StoreScripts.ingest), .seconds(60)), storedAtDeath: 1)
    }

    /// How a script is named on the wire.
    private static func text(_ script: RedisScript) -> String { String(decoding: script.sha1, as: UTF8.self) }

    /// The node's way to Redis is cut in one direction, it dies while the producer waits, another node takes the repeat.
    private func killAPINode(mode: RedisProxy.Mode, storedAtDeath: Int) async throws {
        let stage = try await FaultStage()
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let victim = try await stage.fleet.startAPINode("victim", settings: ["WEBHOOKS_REDIS_URL": proxy.url])
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        // The node knows the key before its way is cut.
        let warm = RESTClient(http: victim.client(), key: producer.key)
        _ = try await warm.http.send(.GET, "/rest/webhooks", headers: warm.headers)
        let load = await stage.producer(for: producer)
        try await load.post(count: 1)  // Redis knows the script

        proxy.become(mode)
        let first = "{\"id\":\"p0-1\",\(producer.json(producer.event(1)).dropFirst())"
        let posting = Task { try await warm.post(event: first) }
        if storedAtDeath == 1 {
            try await eventually("the event in Redis") { try await stage.view.totals()["accepted"] == 2 }
        } else {
            try await throughout(.milliseconds(500), "nothing in Redis") {
                try await stage.view.totals()["accepted"] == 1
            }
        }
        victim.process.kill()
        await #expect(throws: (any Error).self, "the producer got no answer") { try await posting.value }
        #expect(try await stage.view.totals()["accepted"] == 1 + storedAtDeath)

        try await load.post(count: 1)
        let balance = try await stage.settle()
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.delivered == 2)
        try await proxy.stop()
        try await stage.strike()
    }

    @Test func `API nodes killed again and again under load lose nothing that was answered with 202`() async throws {
        let stage = try await FaultStage(apis: 2)
        await stage.startLoad(try await stage.subscribeMany(), rate: 200)
        for _ in 0..<3 {
            try await stage.flowing()
            await stage.killAPI(0)
            try await stage.startAPI()
        }
        try await stage.flowing()
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `a delivery node killed before it read the reply of its claim gives its tokens back by its lease`()
        async throws
    {
        let stage = try await FaultStage(deliveries: 0)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        let victim = try await stage.fleet.startDeliveryNode("victim", settings: ["WEBHOOKS_REDIS_URL": proxy.url])
        proxy.become(.holdAfter(text: Self.text(StoreScripts.claimEvents), .seconds(60)))
        let load = await stage.producer(for: producer)
        try await load.post(count: 50)
        try await eventually("a claim whose reply is on its way") {
            try await stage.snapshot().sets.contains { $0.key.hasPrefix("claimed:") }
        }
        victim.process.kill()
        #expect(stage.oracle.posts == 0)
        let death = ContinuousClock.now
        try await stage.startDelivery()
        let balance = try await stage.settle(within: .seconds(15))
        #expect(ContinuousClock.now - death < .seconds(5 + 1 + 2), "lease + 1 s, and a node's start")
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.delivered == 50)
        try await proxy.stop()
        try await stage.strike()
    }

    @Test func `a delivery node killed between POST and finish repeats what was in flight and nothing else`()
        async throws
    {
        let stage = try await FaultStage(deliveries: 1)
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        let load = await stage.producer(for: producer)
        try await load.post(count: 30)
        try await eventually(within: .seconds(20), "warm") { try await stage.view.backlog() == 0 }
        // The receiver has the POST and says 200 so late that nobody hears it.
        stage.oracle.answer { _ in .status(200, after: .milliseconds(800)) }
        let before = stage.oracle.posts
        try await load.post(count: 60)
        try await eventually("POSTs on their way") { stage.oracle.posts > before }
        let inFlight = try await stage.snapshot().sets.reduce(0) { $0 + $1.value.count }
        await stage.killDelivery(0)
        stage.oracle.answer { _ in .ok }
        let sent = stage.oracle.posts - before
        try await stage.startDelivery()
        let balance = try await stage.settle(within: .seconds(20))
        balance.expectNothingLost(duplicatesAtMost: sent)
        #expect(balance.duplicates >= 1, "a POST without a finish is repeated: \(balance.summary), \(inFlight) claimed")
        try await stage.strike()
    }

    @Test func `delivery nodes killed again and again under load lose nothing`() async throws {
        let stage = try await FaultStage(deliveries: 2)
        stage.oracle.answer { .status(200, after: .milliseconds($0.number % 40)) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 300)
        var bound = 0
        for _ in 0..<4 {
            try await stage.flowing()
            bound += try await stage.snapshot().sets.values.map(\.count).max() ?? 0
            await stage.killDelivery(0)
            try await stage.startDelivery()
        }
        try await stage.flowing()
        // At most what was in flight, which grows and shrinks by some between the look and the kill.
        try await stage.settle().expectNothingLost(duplicatesAtMost: bound + 4 * 64)
        try await stage.strike()
    }

    @Test func `a delivery node killed in the middle of a fan-out to 1,000 webhooks leaves none of them out`()
        async throws
    {
        let stage = try await FaultStage(deliveries: 0)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let producer = try await stage.createProducer("acme")
        for n in 0..<1000 {
            try await stage.subscribe(producer, path: "/\(n)", operations: [n % 2 == 0 ? "*" : "company.*"])
        }
        // Its ten chunks take two seconds, so that it dies between them.
        let victim = try await stage.fleet.startDeliveryNode("victim", settings: ["WEBHOOKS_REDIS_URL": proxy.url])
        proxy.become(.delayReplies(.milliseconds(200)))
        let load = await stage.producer(for: producer)
        try await load.post(count: 1)
        try await eventually(within: .seconds(20), "a fan-out half done") {
            (200..<900).contains(try await stage.view.totals()["planned"] ?? 0)
        }
        victim.process.kill()
        let planned = try await stage.view.totals()["planned"] ?? 0
        #expect((200..<1000).contains(planned), "killed in the middle: \(planned)")
        #expect(try await stage.broken() == [], "a fan-out between two chunks is whole")
        let posts = stage.oracle.posts
        try await stage.startDelivery()
        let balance = try await stage.settle(within: .seconds(30))
        balance.expectNothingLost(duplicatesAtMost: posts)
        #expect(balance.delivered == 1000)
        #expect(try await stage.view.totals()["planned"] == 1000, "no chunk was written twice")
        try await proxy.stop()
        try await stage.strike()
    }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct `A node that is stopped` {
    @Test func `a delivery node stopped for twice its lease starts no POST when it goes on`() async throws {
        let stage = try await FaultStage(deliveries: 0)
        // More claimed than may run at once: tokens wait in its memory for their turn.
        let paused = try await stage.startDelivery(settings: ["WEBHOOKS_HOST_CONCURRENCY": "2"])
        stage.oracle.answer { _ in .status(200, after: .milliseconds(50)) }
        let producers = try await stage.subscribeMany(workspaces: 2, webhooks: 4)
        await stage.startLoad(producers, rate: 100)
        try await stage.flowing(100)
        paused.process.signal(SIGSTOP)
        let held = try await stage.snapshot().sets.values.reduce(0) { $0 + $1.count }
        #expect(held > 2, "it holds more than what runs")
        try await stage.startDelivery()
        let start = ContinuousClock.now
        try await eventually(within: .seconds(20), "twice the lease") { ContinuousClock.now - start > .seconds(10) }
        try await stage.stopLoad()
        try await eventually(within: .seconds(30), "the other node alone does everything") {
            try await stage.view.backlog() == 0
        }
        let posts = stage.oracle.posts
        paused.process.signal(SIGCONT)
        try await throughout(.seconds(3), "no POST of the past") { stage.oracle.posts == posts }
        #expect(paused.process.isRunning)
        // It works again, with a new lane.
        await stage.startLoad(producers, rate: 100)
        try await stage.flowing()
        try await stage.settle().expectNothingLost(duplicatesAtMost: 2 + 2)
        try await stage.strike()
    }

    @Test func `an API node that is stopped holds nobody up and answers again when it goes on`() async throws {
        let stage = try await FaultStage(apis: 2)
        await stage.startLoad(try await stage.subscribeMany(), rate: 100)
        try await stage.flowing()
        let paused = await stage.apiNodes[0]
        paused.process.signal(SIGSTOP)
        // Producers give it up after 4 s and ask the other.
        try await stage.flowing(within: .seconds(20))
        paused.process.signal(SIGCONT)
        try await eventually("ready again") {
            try await paused.client().send(.GET, "/health/ready").status == 200
        }
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `a rolling restart of all nodes under load loses nothing and duplicates nothing`() async throws {
        let stage = try await FaultStage(apis: 2, deliveries: 2)
        stage.oracle.answer { .status(200, after: .milliseconds($0.number % 50)) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 200)
        for _ in 0..<2 {
            try await stage.flowing()
            #expect(try await stage.stopDelivery(0) == 0)
            try await stage.startDelivery()
            try await stage.flowing()
            #expect(try await stage.stopAPI(0) == 0)
            try await stage.startAPI()
        }
        try await stage.flowing()
        let balance = try await stage.settle()
        balance.expectNothingLost(duplicatesAtMost: 0)
        while await !stage.deliveryNodes.isEmpty { #expect(try await stage.stopDelivery(0) == 0) }
        let left = try await stage.snapshot()
        #expect(left.sortedSets["lanes"] == nil && !left.keyNames.contains { $0.hasPrefix("lane:") })
        try await stage.strike()
    }
}
