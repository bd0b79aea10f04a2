import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Observability

@Suite(.serialized, .timeLimit(.minutes(1)))
struct `What a look at a large shard costs` {
    @Test func `10,000 webhooks in 1,000 workspaces with work waiting are surveyed in under 4 ms of Redis`()
        async throws
    {
        let rig = try await TelemetryRig.start()
        try await rig.fill(workspaces: 1000, webhooksEach: 10)
        #expect((await rig.scrape())["webhooks_shard_oldest_waiting_age_seconds"] ?? 0 > 0)
        let shard = Shard(rig.client)
        // The fastest of many is the script's own cost; what others take longer is the machine's affair.
        var fastest = Double.infinity
        for _ in 0..<21 {
            try await rig.execute("CONFIG", "RESETSTAT")
            _ = try await shard.survey()
            let stats = try await rig.client.execute(RedisCommand("INFO", "commandstats")).text()
            let line = try #require(
                stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_evalsha_ro:") })
            let cost = line.split(separator: ",").first { $0.hasPrefix("usec_per_call=") }
            fastest = min(fastest, try #require(cost.flatMap { Double($0.dropFirst(14)) }))
        }
        #expect(fastest < 4000, "\(fastest) µs a call")
        await rig.stop()
    }

    /// 100 ms for the product; this is a build without optimisation, beside other tests.
    private static let longestScrape = Duration.milliseconds(400)

    @Test func `a scrape of such a shard takes a moment and shows under 500 series`() async throws {
        // Of three, since a machine that is busy with other tests is slower than the product.
        var fastest = Duration.seconds(60)
        for _ in 0..<3 where fastest >= Self.longestScrape {
            let rig = try await TelemetryRig.start()
            try await rig.fill(workspaces: 1000, webhooksEach: 10)
            let began = ContinuousClock.now
            let page = await rig.scrape()
            fastest = min(fastest, ContinuousClock.now - began)
            #expect(page.count > 30 && page.count < 500)
            #expect(page["webhooks_shard_up"] == 1)
            await rig.stop()
        }
        #expect(fastest < Self.longestScrape)
    }
}

extension TelemetryRig {
    /// Workspaces of which each has endpoints that are ready and events that wait.
    fileprivate func fill(workspaces: Int, webhooksEach: Int) async throws {
        let script = """
            local p, now = ARGV[1], redis.call('TIME')[1] * 1000
            local n = 0
            local function id() n = n + 1; local t = string.format('%012x', now - n)
              return string.sub(t, 1, 8) .. '-' .. string.sub(t, 9) .. '-7000-8000-' .. string.format('%012x', n) end
            for i = 1, tonumber(ARGV[2]) do
              local ws = 'w' .. i
              for c, ring in ipairs({'fast', 'slow'}) do
                for j = 1, ARGV[3] / 2 do
                  local w = id()
                  redis.call('HSET', p .. 'endpoint:' .. w, 'ws', ws, 'state', 'ok', 'ring', ring)
                  redis.call('RPUSH', p .. 'ring:' .. ring .. ':' .. ws, w)
                  for k = 1, 8 do redis.call('RPUSH', p .. 'queue:' .. w, id() .. '#' .. (k < 8 and 1 or 0)) end
                end
                redis.call('RPUSH', p .. 'ring:' .. ring, ws)
              end
              redis.call('RPUSH', p .. 'eventring', ws)
              redis.call('RPUSH', p .. 'events:' .. ws, id(), id())
              redis.call('HINCRBY', p .. 'backlog', ws, 2)
            end
            """
        try await execute(
            "EVAL", script, "1", "wh:{0}:version", "wh:{0}:", "\(workspaces)", "\(webhooksEach)")
    }
}
