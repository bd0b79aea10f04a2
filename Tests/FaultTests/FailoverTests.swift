import APIClient
import FaultHarness
import FleetSupport
import FoundationEssentials
import Glibc
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookStore

@Suite(.serialized, .timeLimit(.minutes(3)))
struct `Redis that comes back as another` {
    @Test func `a replica promoted: nodes go on by themselves within 5 seconds and nothing replicated is lost`()
        async throws
    {
        let stage = try await FaultStage(apis: 0, deliveries: 0, tcp: true)
        let replica = try await RedisServer.start(
            options: ["--replicaof", "127.0.0.1", "\(stage.fleet.redis.port)", "--repl-diskless-sync-delay", "0"])
        let second = try await RedisView(replica)
        let proxy = try await RedisProxy.start(to: stage.fleet.redis)
        let behind = ["WEBHOOKS_REDIS_URL": proxy.url]
        try await stage.startAPI(settings: behind)
        for _ in 0..<2 { try await stage.startDelivery(settings: behind) }
        let producers = try await stage.subscribeMany()
        await stage.startLoad(producers, rate: 100)
        try await stage.flowing()
        try await stage.stopLoad()
        // Deliveries wait while the primary dies, all of them replicated.
        stage.oracle.answer { _ in .status(200, after: .milliseconds(300)) }
        for producer in await stage.producers { try await producer.post(count: 50) }
        try await eventually(within: .seconds(20), "a replica that has everything") {
            try await stage.view.execute("WAIT", "1", "5000").integer() == 1
        }
        stage.fleet.redis.kill()
        _ = try await second.execute("REPLICAOF", "NO", "ONE")
        await proxy.redirect(to: replica)
        let promoted = ContinuousClock.now
        stage.oracle.answer { _ in .ok }
        await stage.startLoad(producers, rate: 100)
        try await stage.flowing(10)
        #expect(ContinuousClock.now - promoted < .seconds(5))
        let balance = try await stage.settle(in: second)
        // What finished between the last word to the replica and the kill is done again.
        balance.expectNothingLost(duplicatesAtMost: 2 * 64)
        await second.close()
        try await proxy.stop()
        try await stage.strike()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `an append-only file cut at a random byte: whole again, and no node keeps a stale webhook`(
        seed: UInt64
    )
        async throws
    {
        var random = SeededGenerator(seed: seed)
        let stage = try await FaultStage(redis: FaultStage.durable)
        let producer = try await stage.createProducer("acme")
        let webhook = try await stage.subscribe(producer, path: "/before").id
        let other = try await stage.subscribe(producer, path: "/other").id
        let load = await stage.producer(for: producer)
        for _ in 0..<5 { try await load.post(count: 20) }
        try await eventually(within: .seconds(20), "delivered") { try await stage.view.backlog() == 0 }
        let before = try await fileSize(stage)
        // The nodes learn of a change that the cut will undo.
        let client = await stage.client(producer)
        let url = stage.receivers[0].url("/after")
        _ = try await client.http.send(
            .PATCH, "/rest/webhooks/\(webhook)", headers: client.headers, json: #"{"targetUrl":"\#(url)"}"#)
        _ = try await client.post(event: producer.json(producer.event(0)))
        try await eventually(within: .seconds(10), "sent to where it points now") {
            stage.oracle.posts(to: "/after") == 1
        }
        try await eventually(within: .seconds(10), "drained") { try await stage.view.backlog() == 0 }
        stage.fleet.redis.kill()
        // Within the first 200 bytes the change itself is cut.
        let cut = before + Int.random(in: 1...200, using: &random)
        let path = try appendOnlyFile(stage)
        #expect(truncate(path, off_t(cut)) == 0)
        try await stage.fleet.redis.restart()
        try await stage.rewriteAppendOnlyFile()
        #expect(try await stage.broken() == [], "cut at \(cut)")
        let target = try await stage.view.execute(
            "HGET", "\(StoreKeys.shard0.prefix)webhook:acme:\(webhook)", "targetUrl"
        ).text()
        try #require(target.hasSuffix("/before"), "the change is undone")
        // The same version is handed out for another change.
        let again = await stage.client(producer)
        let answer = try await again.http.send(
            .PATCH, "/rest/webhooks/\(other)", headers: again.headers, json: #"{"description":"changed"}"#)
        #expect(answer.status == 200, "\(answer.text)")
        let posts = stage.oracle.posts(to: "/before")
        _ = try await again.post(event: producer.json(producer.event(1)))
        try await eventually(within: .seconds(10), "sent to where it points again") {
            stage.oracle.posts(to: "/before") == posts + 1
        }
        #expect(stage.oracle.posts(to: "/after") == 1, "no node keeps what was undone")
        try await eventually(within: .seconds(10), "drained") { try await stage.view.backlog() == 0 }
        #expect(try await stage.broken() == [])
        try await stage.strike()
    }

    private func appendOnlyFile(_ stage: FaultStage) throws -> String {
        try Self.appendOnlyFile(in: stage.fleet.redis)
    }

    private static func appendOnlyFile(in redis: RedisServer) throws -> String {
        let folder = "\(redis.directory.path)/appendonlydir"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".incr.aof") }
        return "\(folder)/\(try #require(files.sorted().last))"
    }

    private func fileSize(_ stage: FaultStage) async throws -> Int { try Self.size(try appendOnlyFile(stage)) }

    private static func size(_ path: String) throws -> Int {
        try #require(FileManager.default.contents(atPath: path)).count
    }

    /// Why the file is rewritten after each start: its tail, dropped at the first start, is applied at the second.
    @Test(arguments: [false, true])
    func `half a script is applied at the second start, unless the file was rewritten after the first`(
        isRewritten: Bool
    ) async throws {
        let redis = try await RedisServer.start(options: FaultStage.durable)
        let view = try await RedisView(redis)
        _ = try await view.execute("SET", "before", "1")
        let path = try Self.appendOnlyFile(in: redis)
        let start = try Self.size(path)
        _ = try await view.execute(
            "EVAL",
            "redis.call('SADD','claimed','t') redis.call('LPUSH','queue','j') redis.call('SET','last','1')", "0")
        let whole = Array(try #require(FileManager.default.contents(atPath: path)))
        redis.kill()
        let last = try #require(whole[start...].firstRange(of: Array("LPUSH".utf8)))
        #expect(truncate(path, off_t(last.lowerBound + 2)) == 0)
        try await redis.restart()
        #expect(try await view.execute("EXISTS", "claimed", "queue", "last").integer() == 0, "dropped at first")
        if isRewritten {
            _ = try await view.execute("BGREWRITEAOF")
            try await eventually("rewritten") {
                let info = try await view.execute("INFO", "persistence").text()
                return info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
            }
        }
        _ = try await view.execute(
            "EVAL", "redis.call('SET','later','1') redis.call('SET','last','1')", "0")
        redis.kill()
        try await redis.restart()
        #expect(try await view.execute("EXISTS", "later").integer() == 1)
        #expect(try await view.execute("EXISTS", "claimed").integer() == (isRewritten ? 0 : 1))
        await view.close()
    }
}
