import APIClient
import FleetSupport
import TestSupport
import Testing
import WebhookModel

@Suite(.serialized, .timeLimit(.minutes(5)))
struct `Two API nodes, two delivery nodes and one Redis` {
    @Test func `every webhook gets exactly the events its patterns match, once each, byte for byte and signed`()
        async throws
    {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let receiver = try await TestReceiver.start()
        let apis = [try await fleet.startAPINode("api-1"), try await fleet.startAPINode("api-2")]
        let nodes = [try await fleet.startDeliveryNode("delivery-1"), try await fleet.startDeliveryNode("delivery-2")]
        let workload = try await Workload.prepare(fleet, api: apis[0], receiver: receiver)
        let expected = try await workload.post(5000, through: apis)
        let wanted = expected.values.reduce(0) { $0 + $1.count }
        let view = try await RedisView(fleet.redis)
        try await view.drained(within: .seconds(180))

        var arrivals = Arrivals(receiver.requests, subscribers: workload.subscribers, now: secondsNow())
        #expect(arrivals.compare(expected, duplicates: false) == 0)
        #expect(arrivals.problems.prefix(5).joined(separator: "\n") == "")
        #expect(receiver.requestCount == wanted)
        #expect(try await view.totals()["accepted"] == 5000)
        #expect(try await view.totals()["delivered"] == wanted)
        #expect(try await view.checkDrainedTotals() == [])
        try await eventually("an empty Redis") { try await view.leftovers().isEmpty }

        for node in nodes { #expect(try await node.process.terminate() == 0) }
        for api in apis { #expect(try await api.process.terminate() == 0) }
        let lanes = try await view.keys().filter { $0.contains("lane:") || $0.contains("claimed:") }
        #expect(lanes == [], "a graceful stop leaves no lane")
        await view.close()
        try await receiver.stop()
    }

    @Test func `a created webhook gets what is posted after it, a deleted one nothing later than a second`()
        async throws
    {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let receiver = try await TestReceiver.start()
        let api = try await fleet.startAPINode("api")
        _ = try await fleet.startDeliveryNode("delivery")
        let key = try await fleet.createKey(workspace: "acme")
        let client = RESTClient(http: api.client(), key: key)
        let producer = Producer(workspace: "acme", key: key)
        // Created and posted at once, many times: the event was accepted after the webhook, so it must arrive.
        for round in 0..<10 {
            let id = try await client.register(target: receiver.url("/round/\(round)"), operations: ["*"])
            _ = try await client.post(event: producer.json(producer.event(round)))
            try await eventually("delivery of round \(round)") {
                receiver.requests.contains { $0.target == "/round/\(round)" }
            }
            try await client.delete(id)
        }
        let deleted = ContinuousClock.now
        _ = try await client.post(event: producer.json(producer.event(99)))
        let view = try await RedisView(fleet.redis)
        try await view.drained(within: .seconds(10))
        try await throughout(.seconds(2), "silence after the delete") {
            !receiver.requests.contains { $0.arrivedAt > deleted + .seconds(1) }
        }
        #expect(try await view.totals()["unmatched"] == 1)
        await view.close()
        try await receiver.stop()
    }

    @Test func `an idle node costs at most four commands a second`() async throws {
        let fleet = try Fleet(
            redis: try await RedisServer.start(),
            settings: ["WEBHOOKS_LEASE": "15s", "WEBHOOKS_ATTEMPT_TIMEOUT": "10s"])
        let api = try await fleet.startAPINode("api")
        _ = try await fleet.startDeliveryNode("delivery")
        let monitor = try ChildProcess(
            "redis-cli", ["-s", fleet.redis.socketPath, "MONITOR"], directory: fleet.directory.path, name: "monitor")
        try await eventually("the monitor") { monitor.output.contains("OK") }
        let before = monitor.output.split(separator: "\n").count
        // A measurement over a stated time, not a wait.
        try await throughout(.seconds(10), "running nodes") { api.process.isRunning }
        let lines = monitor.output.split(separator: "\n").dropFirst(before)
        let sent = lines.filter { !$0.contains(" lua]") }
        #expect(
            sent.count <= 80,
            "two nodes, ten seconds: \(sent.count) commands\n\(sent.prefix(40).joined(separator: "\n"))")
        monitor.kill()
    }
}
