import CoreMetrics
import Observability
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct `What a delivery node counts` {
    /// One node of a rig with its page of metrics.
    private struct Stage {
        let rig: DeliveryRig
        let node: RunningNode
        let registry = PrometheusRegistry()

        init(
            answer: @escaping TestReceiver.Script, _ change: (inout DeliveryConfiguration) -> Void = { _ in }
        ) async throws {
            let rig = try await DeliveryRig.start(answer: answer)
            self.rig = rig
            let registry = registry
            node = try rig.startNode {
                $0.metrics = registry
                $0.redis.metrics = RedisMetrics(factory: registry)
                change(&$0)
            }
            try await node.untilReady()
        }

        func page() async -> [String: Double] {
            var values: [String: Double] = [:]
            for line in String(decoding: await registry.text(), as: UTF8.self).split(separator: "\n")
            where !line.hasPrefix("#") {
                guard let space = line.lastIndex(of: " ") else { continue }
                values[String(line[..<space])] = Double(line[line.index(after: space)...])
            }
            return values
        }

        func attempts(_ result: String) async -> Double? {
            await page()["webhooks_attempts_total{result=\"\(result)\"}"]
        }
    }

    @Test func `deliveries move the counters of attempts, outcomes and times`() async throws {
        let stage = try await Stage { _ in .ok }
        #expect(await stage.attempts("delivered") == 0)
        _ = try await stage.rig.createWebhook()
        try await stage.rig.ingest(count: 20)
        try await stage.rig.untilDrained()
        let page = await stage.page()
        #expect(page["webhooks_attempts_total{result=\"delivered\"}"] == 20)
        #expect(page["webhooks_delivery_outcomes_total{outcome=\"delivered\"}"] == 20)
        #expect(page["webhooks_attempt_duration_seconds_count"] == 20)
        #expect((page["webhooks_attempt_duration_seconds_sum"] ?? 0) > 0)
        #expect(page["webhooks_attempt_phase_duration_seconds_count{phase=\"response\"}"] == 20)
        #expect((page["webhooks_attempt_phase_duration_seconds_count{phase=\"connect\"}"] ?? 0) >= 1)
        #expect(page["webhooks_accept_to_delivery_seconds_count"] == 20)
        #expect((page["webhooks_redis_command_duration_seconds_count"] ?? 0) > 5)
        #expect(page["webhooks_redis_connections_opened_total"] == 3)
        await stage.node.stop()
    }

    @Test func `each class of failure moves its own counter, retries and dead letters theirs`() async throws {
        let stage = try await Stage { $0.target.hasPrefix("/late") ? .hang : .status(500) }
        _ = try await stage.rig.createWebhook(path: "/broken", operations: ["people.created"])
        try await stage.rig.ingest("people.created")
        try await stage.rig.untilDrained()
        #expect(await stage.attempts("status") == 4)
        let page = await stage.page()
        #expect(page["webhooks_delivery_outcomes_total{outcome=\"retry\"}"] == 3)
        #expect(page["webhooks_delivery_outcomes_total{outcome=\"dead\"}"] == 1)
        #expect(page["webhooks_accept_to_delivery_seconds_count"] == 0)
        _ = try await stage.rig.createWebhook(path: "/late", operations: ["task.created"])
        try await stage.rig.ingest("task.created")
        try await eventually("an attempt that ran out of time") { await (stage.attempts("timeout") ?? 0) >= 1 }
        try await stage.rig.receiver.stop()
        try await eventually("an attempt that was refused") { await (stage.attempts("connection") ?? 0) >= 1 }
        await stage.node.stop()
    }

    @Test func `a lost connection to Redis moves the counters of lanes, connections and errors`() async throws {
        let stage = try await Stage { _ in .ok }
        stage.rig.redis.kill()
        try await eventually("a lost lane") { await stage.page()["webhooks_lanes_lost_total"] == 1 }
        try await eventually("failed connections") {
            await (stage.page()["webhooks_redis_errors_total{kind=\"connect\"}"] ?? 0) >= 1
        }
        try await stage.rig.redis.restart()
        try await stage.node.untilReady()
        #expect(await (stage.page()["webhooks_redis_connections_opened_total"] ?? 0) >= 4)
        await stage.node.stop()
    }

    @Test func `a Redis that hangs moves the counter of timeouts`() async throws {
        let stage = try await Stage { _ in .ok }
        stage.rig.redis.pause()
        try await eventually("a command without a reply in time") {
            await (stage.page()["webhooks_redis_errors_total{kind=\"timeout\"}"] ?? 0) >= 1
        }
        stage.rig.redis.resume()
        await stage.node.stop()
    }

    @Test func `targets that cannot be used move the counters of dns, tls, protocol and blocked`() async throws {
        let stage = try await Stage { _ in .bytes("nonsense\r\n\r\n", thenClose: true) }
        let port = try #require(stage.rig.receiver.url().split(separator: ":").last?.split(separator: "/").first)
        let targets = [
            ("company.created", "http://nowhere.invalid:8081/", "dns"),
            ("company.updated", "https://127.0.0.1:\(port)/", "tls"),
            ("company.deleted", "http://127.0.0.1:\(port)/", "protocol"),
            ("task.created", "http://169.254.169.254/", "blocked"),
        ]
        for (operation, target, result) in targets {
            var change = WebhookChange()
            change.set(targetUrl: target)
            change.set(operations: [operation])
            change.set(isEnabled: true)
            try await WebhookStore(stage.rig.shard).create(
                stage.rig.workspace, WebhookID.new(milliseconds: wallClockMilliseconds()), change)
            try await stage.rig.ingest(operation)
            try await eventually(within: .seconds(20), "a failure of class \(result)") {
                await (stage.attempts(result) ?? 0) >= 1
            }
        }
        await stage.node.stop()
    }

    @Test func `an outcome that another node was faster with moves the counter of lost claims`() async throws {
        let stage = try await Stage { _ in .status(200, after: .milliseconds(500)) }
        _ = try await stage.rig.createWebhook()
        try await stage.rig.ingest()
        try await eventually("a running attempt") { stage.rig.receiver.requestCount == 1 }
        for key in try await stage.rig.keys("claimed:*") { _ = try await stage.rig.command("DEL", key) }
        try await eventually("a lost claim") { await stage.page()["webhooks_claims_lost_total"] == 1 }
        await stage.node.stop()
    }

    @Test func `what a node that stops gives back untried moves the counter of returns`() async throws {
        let stage = try await Stage(answer: { _ in .status(200, after: .milliseconds(500)) }) {
            $0.sender.hostConcurrency = 1
        }
        _ = try await stage.rig.createWebhook()
        try await stage.rig.ingest(count: 4)
        try await eventually("an attempt that runs and others that wait for its host") {
            stage.node.engine.gauges.attemptsWaitingForHost > 0
        }
        await stage.node.stop()
        #expect((await stage.page()["webhooks_delivery_outcomes_total{outcome=\"returned\"}"] ?? 0) >= 1)
    }
}
