import APIClient
import FaultHarness
import FleetSupport
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookStore

/// How soon nodes must work again by themselves.
private let recovery = Duration.seconds(5)

@Suite(.serialized, .timeLimit(.minutes(5)))
struct `Trouble with Redis` {
    @Test func `all connections closed every second lose nothing, and nothing is reaped from living nodes`()
        async throws
    {
        let stage = try await FaultStage()
        stage.oracle.answer { .status(200, after: .milliseconds($0.number % 50)) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 200)
        try await stage.flowing()
        for _ in 0..<8 {
            try await stage.killConnections()
            try await Task.sleep(for: .seconds(1))
            #expect(try await stage.broken() == [])
        }
        let cut = ContinuousClock.now
        try await stage.flowing(20)
        #expect(ContinuousClock.now - cut < recovery)
        // Outcomes of running attempts go to the lane that was given up: they are not repeated.
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        for node in await stage.deliveryNodes {
            let warnings = node.process.errorOutput.split(separator: "\n").count { $0.contains(#""level":"warning""#) }
            #expect(warnings <= 2 + 2 * 20, "at most a line a second and connection: \(warnings)")
        }
        try await stage.strike()
    }

    @Test func `an empty script cache under load is filled again without a loss`() async throws {
        let stage = try await FaultStage()
        await stage.startLoad(try await stage.subscribeMany(), rate: 200)
        for _ in 0..<5 {
            try await stage.flowing()
            _ = try await stage.view.execute("SCRIPT", "FLUSH")
        }
        try await stage.flowing()
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `replies that are dropped one way make nodes give up their lanes, and lose nothing`() async throws {
        let stage = try await FaultStage(deliveries: 0)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let behind = ["WEBHOOKS_REDIS_URL": proxy.url, "WEBHOOKS_REDIS_TIMEOUT": "500ms"]
        for _ in 0..<2 { try await stage.startDelivery(settings: behind) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 150)
        for _ in 0..<3 {
            try await stage.flowing()
            proxy.become(.dropReplies)
            try await Task.sleep(for: .seconds(2))
            proxy.become(.pass)
            let healed = ContinuousClock.now
            try await stage.flowing(10)
            #expect(ContinuousClock.now - healed < recovery)
        }
        proxy.become(.cutAfterRequest)
        try await Task.sleep(for: .seconds(2))
        proxy.become(.pass)
        try await stage.flowing()
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await proxy.stop()
        try await stage.strike()
    }

    @Test func `a claim whose reply comes after its deadline gives its tokens back`() async throws {
        let stage = try await FaultStage(deliveries: 0)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let late = try await stage.startDelivery(
            settings: ["WEBHOOKS_REDIS_URL": proxy.url, "WEBHOOKS_REDIS_TIMEOUT": "300ms"])
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        let load = await stage.producer(for: producer)
        // Ticks are answered in time, claims are not.
        let claim = String(decoding: StoreScripts.claimEvents.sha1, as: UTF8.self)
        proxy.become(.holdAfter(text: claim, .milliseconds(450)))
        try await load.post(count: 20)
        try await eventually("a claim that nobody read") {
            try await stage.snapshot().sets.contains { $0.key.hasPrefix("claimed:") }
        }
        try await throughout(.seconds(2), "with replies this late nothing is sent") { stage.oracle.posts == 0 }
        proxy.become(.pass)
        let balance = try await stage.settle(within: .seconds(15))
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.delivered == 20)
        #expect(late.process.isRunning)
        try await proxy.stop()
        try await stage.strike()
    }

    @Test func `with Redis slower than a second nothing is sent, and it goes on by itself`() async throws {
        let stage = try await FaultStage(deliveries: 0)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        try await stage.startDelivery(settings: ["WEBHOOKS_REDIS_URL": proxy.url])
        await stage.startLoad(try await stage.subscribeMany(workspaces: 1), rate: 50)
        try await stage.flowing()
        proxy.become(.delayReplies(.milliseconds(1200)))
        // What was permitted before may still be on its way for a second.
        try await Task.sleep(for: .milliseconds(1500))
        let posts = stage.oracle.posts
        try await throughout(.seconds(2), "no POST on the word of old replies") { stage.oracle.posts == posts }
        proxy.become(.pass)
        let healed = ContinuousClock.now
        try await stage.flowing(10)
        #expect(ContinuousClock.now - healed < recovery)
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await proxy.stop()
        try await stage.strike()
    }

    @Test func `Redis killed three times under load with appendfsync always loses no accepted event`() async throws {
        let stage = try await FaultStage(redis: FaultStage.durable)
        stage.oracle.answer { .status(200, after: .milliseconds($0.number % 30)) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 200)
        for _ in 0..<3 {
            try await stage.flowing()
            try await stage.killRedis()
            let back = ContinuousClock.now
            try await stage.flowing(10)
            #expect(ContinuousClock.now - back < recovery)
        }
        let balance = try await stage.settle()
        // What was recorded is on disk; a finish that was under way may have to be sent again.
        balance.expectNothingLost(duplicatesAtMost: 3 * 64)
        try await stage.strike()
    }

    @Test func `Redis stopped for longer than the lease under load: no token of a living node is reaped`() async throws
    {
        let stage = try await FaultStage()
        stage.oracle.answer { .status(200, after: .milliseconds(100 + $0.number % 400)) }
        await stage.startLoad(try await stage.subscribeMany(), rate: 150)
        try await stage.flowing(100)
        stage.fleet.redis.pause()
        try await Task.sleep(for: .seconds(7))
        stage.fleet.redis.resume()
        let back = ContinuousClock.now
        try await stage.flowing(10)
        #expect(ContinuousClock.now - back < recovery)
        // A reaped token carries the number of nodes that died with it.
        let tokens = try await stage.snapshot().sets.filter { $0.key.hasPrefix("claimed:") }.flatMap(\.value)
        #expect(tokens.allSatisfy { !$0.contains(".") }, "\(tokens.filter { $0.contains(".") }.prefix(3))")
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `Redis full: events are refused with 503 and Retry-After, deliveries go on and all are made`()
        async throws
    {
        let stage = try await FaultStage()
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        let load = await stage.producer(for: producer)
        stage.oracle.answer { _ in .status(200, after: .milliseconds(20)) }
        for _ in 0..<10 { try await load.post(count: 100) }
        _ = try await stage.view.execute("CONFIG", "SET", "maxmemory", "1mb")
        let client = await stage.client(producer)
        let refused = try await client.http.send(
            .POST, "/rest/events", headers: client.headers, json: producer.json(producer.event(0)))
        #expect(refused.status == 503)
        #expect(refused.headers.first(name: "retry-after").flatMap { Int($0) } ?? 0 > 0)
        try await eventually(within: .seconds(40), "everything delivered while Redis is full") {
            try await stage.view.backlog() == 0
        }
        #expect(try await stage.view.totals()["delivered"] == 1000)
        _ = try await stage.view.execute("CONFIG", "SET", "maxmemory", "0")
        try await load.post(count: 1)
        let balance = try await stage.settle()
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.accepted == 1001)
        try await stage.strike()
    }

    @Test func `after FLUSHALL nodes work again by themselves within 5 seconds`() async throws {
        let stage = try await FaultStage()
        let before = try await stage.createProducer("acme")
        try await stage.subscribe(before, path: "/old")
        let old = await stage.producer(for: before)
        try await old.post(count: 20)
        try await eventually("delivered") { stage.oracle.posts == 20 }
        _ = try await stage.view.execute("FLUSHALL")
        let flushed = ContinuousClock.now
        let after = try await stage.createProducer("acme")
        try await stage.subscribe(after, path: "/new")
        let client = await stage.client(after)
        _ = try await client.post(event: after.json(after.event(0)))
        try await eventually(within: recovery, "a delivery again") { stage.oracle.posts(to: "/new") == 1 }
        #expect(ContinuousClock.now - flushed < recovery + .seconds(1))
        #expect(stage.oracle.posts(to: "/old") == 20, "no stale webhook is sent to")
        try await eventually(within: recovery, "a settled shard") { try await stage.view.backlog() == 0 }
        #expect(try await stage.broken() == [])
        try await stage.strike()
    }
}
