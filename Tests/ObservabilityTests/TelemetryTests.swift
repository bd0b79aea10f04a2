import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Observability

/// A node's telemetry over a private Redis.
struct TelemetryRig {
    let redis: RedisServer
    let telemetry: NodeTelemetry
    let client: RedisConnection
    private let task: Task<Void, Never>

    static func start(redis options: [String] = []) async throws -> TelemetryRig {
        let redis = try await RedisServer.start(tcp: true, options: options)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(address: .unix(path: redis.socketPath))
        let telemetry = NodeTelemetry(redis: configuration, limits: StoreLimits(), eventLoop: loop, logger: logger)
        return TelemetryRig(
            redis: redis, telemetry: telemetry,
            client: try await RedisConnection.connect(configuration, on: loop, logger: logger),
            task: Task { await telemetry.run() })
    }

    func stop() async {
        task.cancel()
        await task.value
        await client.close()
    }

    func execute(_ name: StaticString, _ words: String...) async throws {
        var command = RedisCommand(name)
        for word in words { command.arguments.append(word) }
        _ = try await client.execute(command)
    }

    /// The value of each series of a scrape, by its name with its label.
    func scrape() async -> [String: Double] { series(of: await telemetry.registry.text()) }
}

func series(of page: [UInt8]) -> [String: Double] {
    var values: [String: Double] = [:]
    for line in String(decoding: page, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
        guard let space = line.lastIndex(of: " ") else { continue }
        values[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return values
}

@Suite(.timeLimit(.minutes(1)))
struct `What a node tells of Redis and of the whole system` {
    @Test func `the gauges of the system say what is in the shard`() async throws {
        let rig = try await TelemetryRig.start()
        let keys = StoreKeys.shard0
        try await rig.execute(
            "HSET", keys.totals, "accepted", "10", "fannedOut", "7", "unmatched", "1", "poisoned", "1", "planned", "20",
            "delivered", "12", "dead", "4", "dropped", "1", "trimmed", "1", "replayed", "2", "failed", "9")
        try await rig.execute("HSET", keys.backlog, "*", "7", "acme", "7")
        let now = try await rig.client.serverTime()
        let webhook = WebhookID.new(milliseconds: now)
        let old = EventID.new(milliseconds: now - 90_000)
        let older = EventID.new(milliseconds: now - 240_000)
        try await rig.execute("ZADD", keys.retries, "\(now - 30_000)", "\(old)>\(webhook)#1")
        try await rig.execute("ZADD", keys.timers, "\(now + 5000)", "\(webhook)")
        try await rig.execute("ZADD", keys.failing, "1", "\(webhook)", "2", "another")
        try await rig.execute("ZADD", keys.lanes, "\(now + 60_000)", "living", "\(now - 60_000)", "expired")
        try await rig.execute("SADD", keys.claimed("living"), "a", "b")
        // A retry at the head of the queue is no first attempt.
        try await rig.execute("RPUSH", "\(keys.prefix)ring:fast", "acme")
        try await rig.execute("RPUSH", "\(keys.prefix)ring:fast:acme", "\(webhook)")
        try await rig.execute("RPUSH", keys.queue(webhook), "\(older)#2", "\(old)#0")
        try await rig.execute("CONFIG", "SET", "maxmemory", "100mb")
        try await rig.execute("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        let page = await rig.scrape()
        let expected: [String: Double] = [
            "webhooks_shard_up": 1, "webhooks_shard_events_total{state=\"accepted\"}": 10,
            "webhooks_shard_events_total{state=\"fanned_out\"}": 7,
            "webhooks_shard_events_total{state=\"unmatched\"}": 1,
            "webhooks_shard_events_total{state=\"poisoned\"}": 1,
            "webhooks_shard_deliveries_total{state=\"planned\"}": 20,
            "webhooks_shard_deliveries_total{state=\"delivered\"}": 12,
            "webhooks_shard_deliveries_total{state=\"dead\"}": 4,
            "webhooks_shard_deliveries_total{state=\"dropped\"}": 1,
            "webhooks_shard_deliveries_total{state=\"replayed\"}": 2,
            "webhooks_shard_deliveries_total{state=\"trimmed\"}": 1, "webhooks_shard_failed_attempts_total": 9,
            "webhooks_shard_open_items": 7, "webhooks_shard_open_items_limit": 1_000_000,
            "webhooks_shard_waiting_events": 2, "webhooks_shard_open_deliveries": 5, "webhooks_shard_in_flight": 2,
            "webhooks_shard_retries": 1, "webhooks_shard_dead_letters": 1, "webhooks_shard_lanes": 1,
            "webhooks_shard_failing_endpoints{state=\"open\"}": 1,
            "webhooks_shard_failing_endpoints{state=\"half\"}": 1, "webhooks_redis_memory_limit_bytes": 104_857_600,
            "webhooks_redis_aof_enabled": 0, "webhooks_redis_evicts": 1, "webhooks_redis_replicas": 0,
        ]
        for (name, value) in expected { #expect(page[name] == value, "\(name)") }
        #expect((90..<120).contains(page["webhooks_shard_oldest_waiting_age_seconds"] ?? 0))
        #expect((30..<60).contains(page["webhooks_shard_oldest_due_retry_age_seconds"] ?? 0))
        #expect((page["process_resident_memory_bytes"] ?? 0) > 1_048_576)
        #expect((page["process_cpu_seconds_total"] ?? 0) > 0)
        #expect((page["process_open_fds"] ?? 0) > 3)
        #expect((page["process_start_time_seconds"] ?? 0) > 1_700_000_000)
        await rig.stop()
    }

    @Test func `an empty shard is surveyed without an error, and at most once in five seconds`() async throws {
        let rig = try await TelemetryRig.start()
        // The node's own connection may still be on its way; a failure is kept as long as a survey is.
        try await eventually(within: .seconds(20), "a first survey") {
            await rig.scrape()["webhooks_shard_up"] == 1
        }
        for _ in 0..<5 {
            let page = await rig.scrape()
            #expect(page["webhooks_shard_up"] == 1)
            #expect(page["webhooks_shard_oldest_waiting_age_seconds"] == 0)
        }
        let stats = try await rig.client.execute(RedisCommand("INFO", "commandstats")).text()
        let calls = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_zcount:") }
        #expect(calls?.hasPrefix("cmdstat_zcount:calls=1,") == true, "\(calls ?? "none")")
        await rig.stop()
    }

    @Test func `a shard that cannot be asked is down on the page, and everything else is still there`() async throws {
        let rig = try await TelemetryRig.start()
        rig.redis.kill()
        let page = await rig.scrape()
        #expect(page["webhooks_shard_up"] == 0)
        #expect(page["webhooks_shard_open_items"] == nil)
        #expect(page["process_open_fds"] != nil)
        await rig.stop()
    }

    @Test func `readiness is lost within two seconds of a Redis that dies or hangs, and back within five`() async throws
    {
        let rig = try await TelemetryRig.start()
        func problem() async -> String? { await rig.telemetry.redisCondition().problem }
        try await eventually(within: .seconds(5), "a Redis in order") { await problem() == nil }
        // The limits are the product's; a machine that is busy with other tests may miss them twice.
        for tries in 1...3 {
            do {
                rig.redis.pause()
                try await eventually(within: .seconds(2), "a Redis that hangs") {
                    await problem() == "Redis does not answer in time"
                }
                rig.redis.resume()
                try await eventually(within: .seconds(5), "a Redis that goes on") { await problem() == nil }
                rig.redis.kill()
                try await eventually(within: .seconds(2), "a Redis that died") { await problem() == "Redis is away" }
                try await rig.redis.restart()
                try await eventually(within: .seconds(5), "a Redis that is back") { await problem() == nil }
                break
            } catch {
                guard tries < 3 else { throw error }
                try await rig.redis.restart()
                try await eventually(within: .seconds(20), "a Redis in order") { await problem() == nil }
            }
        }
        await rig.stop()
    }

    @Test func `a replica is no Redis to work with`() async throws {
        let primary = try await RedisServer.start(tcp: true)
        let rig = try await TelemetryRig.start()
        try await eventually(within: .seconds(5), "a Redis in order") {
            await rig.telemetry.redisCondition().problem == nil
        }
        try await rig.execute("REPLICAOF", "127.0.0.1", "\(primary.port)")
        try await eventually(within: .seconds(2), "a replica") {
            await rig.telemetry.redisCondition().problem == "Redis is a replica"
        }
        try await rig.execute("REPLICAOF", "NO", "ONE")
        try await eventually(within: .seconds(5), "a primary") { await rig.telemetry.redisCondition().problem == nil }
        await rig.stop()
    }

    @Test func `full memory and a missing append-only file are warnings, not the end of readiness`() async throws {
        let rig = try await TelemetryRig.start()
        try await rig.execute("CONFIG", "SET", "maxmemory", "600kb")
        let condition = try await eventuallyValue("a warning") { () -> RedisCondition? in
            let condition = await rig.telemetry.redisCondition()
            return condition.warnings.count >= 2 ? condition : nil
        }
        #expect(condition.problem == nil)
        #expect(condition.warnings.contains("Redis has reached maxmemory: events are refused, deliveries go on"))
        #expect(condition.warnings.contains { $0.contains("append-only") })
        #expect(abs(condition.clockOffset ?? .max) < 1000)
        #expect(condition.clockProblem == nil)
        await rig.stop()
    }

    @Test func `a clock a minute away from Redis's is a reason not to deliver`() {
        let ahead = RedisCondition(problem: nil, clockOffset: -61_000)
        #expect(ahead.clockProblem == "the clock of this machine is 61 s ahead of Redis's")
        #expect(RedisCondition(problem: nil, clockOffset: 75_500).clockProblem?.contains("75 s behind") == true)
        #expect(RedisCondition(problem: nil, clockOffset: 60_000).clockProblem == nil)
        #expect(RedisCondition(problem: nil).clockProblem == nil)
    }
}
