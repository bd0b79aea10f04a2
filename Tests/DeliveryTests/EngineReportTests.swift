import Logging
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// What a node tells people about endpoints and about Redis.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct `Reports of a delivery node` {
    @Test func `an endpoint that fails, is probed and works again is one line each, without its path`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(500) }
        let log = LogRecorder()
        let node = try rig.startNode(log: log)
        let webhook = try await rig.createWebhook(path: "/token-4711?key=hush")
        try await rig.ingest(count: 8)
        try await eventually("the endpoint to open") { !log.lines("its deliveries wait").isEmpty }
        rig.receiver.answer { _ in .ok }
        // Long spans are tested by moving the stored time: the probe is due now.
        _ = try await rig.command("ZADD", rig.shard.keys.timers, "0", "\(webhook)")
        try await eventually("the endpoint to work again") { !log.lines("works again").isEmpty }
        try await rig.untilDrained()
        let opened = log.lines("its deliveries wait")
        #expect(opened.count == 1)
        #expect(opened.first?.level == .warning)
        #expect(opened.first?.metadata["webhook"] == "\(webhook)")
        #expect(opened.first?.metadata["workspace"] == "\(rig.workspace)")
        #expect(opened.first?.metadata["cause"] == "status")
        #expect(opened.first?.metadata["from"] == "ok")
        #expect(opened.first?.metadata["target"]?.hasPrefix("http://127.0.0.1:\(rig.receiver.port)#") == true)
        #expect(log.lines("may be probed").count == 1)
        #expect(log.lines("works again").count == 1)
        for line in log.lines {
            let text = "\(line.message) \(line.metadata)"
            #expect(!text.contains("4711") && !text.contains("hush") && !text.contains("Zoë"))
        }
        await node.stop()
        try await rig.stop()
    }

    @Test func `an endpoint that is gone is one line with the reason`() async throws {
        let rig = try await DeliveryRig.start { _ in .status(410) }
        let log = LogRecorder()
        let node = try rig.startNode(log: log)
        let webhook = try await rig.createWebhook()
        try await rig.ingest(count: 5)
        try await rig.untilDrained()
        let lines = log.lines("its webhook is disabled")
        #expect(lines.count == 1)
        #expect(lines.first?.metadata["webhook"] == "\(webhook)")
        #expect(lines.first?.metadata["cause"] == "gone")
        await node.stop()
        try await rig.stop()
    }

    @Test(arguments: [true, false])
    func `a Redis that may lose events is warned of once each at the start`(isSafe: Bool) async throws {
        let options = isSafe ? ["--appendonly", "yes"] : ["--maxmemory-policy", "allkeys-lru"]
        let rig = try await DeliveryRig.start(redis: options)
        let log = LogRecorder()
        let node = try rig.startNode(log: log)
        try await node.untilReady()
        if isSafe {
            try await eventually("Redis to be asked") { await node.engine.facts != nil }
        } else {
            try await eventually("both warnings") { log.lines.filter { $0.level == .warning }.count == 2 }
        }
        #expect(log.lines("KEEPS NOTHING ON DISK").count == (isSafe ? 0 : 1))
        #expect(log.lines("MAY EVICT").count == (isSafe ? 0 : 1))
        #expect(log.lines("MAY EVICT").first?.metadata["policy"] == (isSafe ? nil : "allkeys-lru"))
        await node.stop()
        try await rig.stop()
    }

    @Test func `attempts are not listed while Redis has less than a fifth of its memory left`() async throws {
        let rig = try await DeliveryRig.start { $0.number == 1 ? .status(500) : .ok }
        let webhook = try await rig.createWebhook()
        // Something large, so that the rest leaves room for what the test itself needs.
        _ = try await rig.command("SETRANGE", "filler", "20000000", "x")
        let info = try await rig.command("INFO", "memory").text()
        let used = try #require(
            info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
                .flatMap { Int($0.dropFirst("used_memory:".count)) })
        _ = try await rig.command("CONFIG", "SET", "maxmemory", "\(used * 20 / 17)")
        let log = LogRecorder()
        let node = try rig.startNode(log: log)
        try await eventually("the shortage to be told") { !log.lines("80 %").isEmpty }
        try await rig.ingest(count: 3)
        try await rig.untilDrained()
        #expect(try await rig.total("delivered") == 3)
        #expect(try await rig.total("failed") == 1)
        #expect(try await rig.keys("attempts:\(webhook)") == [])
        #expect(try await rig.keys("failures:\(webhook)") == [])
        await node.stop()
        try await rig.stop()
    }

    @Test func `connections that break all the time are at most one line a second, and deliveries go on`() async throws
    {
        let rig = try await DeliveryRig.start()
        _ = try await rig.createWebhook()
        let log = LogRecorder()
        let node = try rig.startNode(log: log)
        try await node.untilReady()
        let began = ContinuousClock.now
        try await throughout(.seconds(3), "broken connections") {
            // Every connection but this test's own.
            _ = try await rig.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try await rig.ingest()
            try await Task.sleep(for: .milliseconds(100))
            return true
        }
        let seconds = Int((ContinuousClock.now - began) / .seconds(1)) + 1
        let told = log.lines.filter { $0.message.contains("lanes") || $0.message.contains("Redis is") }
        #expect(!told.isEmpty)
        #expect(told.count <= seconds + 1)
        try await rig.untilDrained()
        await node.stop()
        try await rig.stop()
    }
}
