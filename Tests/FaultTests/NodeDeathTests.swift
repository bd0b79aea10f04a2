import FleetSupport
import Glibc
import NIOHTTP1
import RedisClient
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct `A delivery node that dies` {
    @Test func `loses nothing when it is killed with -9 in the middle of its work`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let receiver = try await TestReceiver.start()
        let apis = [try await fleet.startAPINode("api-1"), try await fleet.startAPINode("api-2")]
        let victim = try await fleet.startDeliveryNode("victim")
        _ = try await fleet.startDeliveryNode("survivor")
        let workload = try await Workload.prepare(fleet, api: apis[0], receiver: receiver)
        // Slow enough that much is in flight when the node dies.
        receiver.answer { _ in .status(200, after: .milliseconds(20)) }
        async let posting = workload.post(5000, through: apis)
        try await eventually(within: .seconds(60), "deliveries under way") { receiver.requestCount > 300 }
        victim.process.kill()
        let expected = try await posting
        let view = try await RedisView(fleet.redis)
        try await view.drained(within: .seconds(180))

        var arrivals = Arrivals(receiver.requests, subscribers: workload.subscribers, now: secondsNow())
        let duplicates = arrivals.compare(expected, duplicates: true)
        #expect(arrivals.problems.prefix(5).joined(separator: "\n") == "")
        #expect(duplicates <= 1024, "at most what one node had in flight, not \(duplicates)")
        #expect(try await view.totals()["accepted"] == 5000)
        #expect(try await view.checkDrainedTotals() == [])
        try await eventually("an empty Redis") { try await view.leftovers().isEmpty }
        await view.close()
        try await receiver.stop()
    }

    @Test func `a node that is stopped beyond its lease starts nothing twice when it goes on`() async throws {
        let fleet = try Fleet(
            redis: try await RedisServer.start(),
            settings: ["WEBHOOKS_ATTEMPT_TIMEOUT": "1s", "WEBHOOKS_LEASE": "5s"])
        let receiver = try await TestReceiver.start()
        let apis = [try await fleet.startAPINode("api")]
        let paused = try await fleet.startDeliveryNode("paused")
        _ = try await fleet.startDeliveryNode("other")
        let workload = try await Workload.prepare(fleet, api: apis[0], receiver: receiver, webhooks: 6)
        receiver.answer { _ in .status(200, after: .milliseconds(10)) }
        async let posting = workload.post(2000, through: apis)
        try await eventually(within: .seconds(60), "deliveries under way") { receiver.requestCount > 100 }
        paused.process.signal(SIGSTOP)
        let expected = try await posting
        let view = try await RedisView(fleet.redis)
        // The other node alone finishes everything, after the lease of the paused one.
        try await view.drained(within: .seconds(120))
        paused.process.signal(SIGCONT)
        try await throughout(.seconds(3), "no late delivery") { try await view.backlog() == 0 }
        var arrivals = Arrivals(receiver.requests, subscribers: workload.subscribers, now: secondsNow())
        let duplicates = arrivals.compare(expected, duplicates: true)
        #expect(arrivals.problems.prefix(5).joined(separator: "\n") == "")
        #expect(duplicates <= 1024)
        #expect(try await view.checkDrainedTotals() == [])
        await view.close()
        try await receiver.stop()
    }

    @Test func `nothing is lost when Redis is killed and comes back with its append-only file`() async throws {
        let fleet = try Fleet(
            redis: try await RedisServer.start(options: ["--appendonly", "yes", "--appendfsync", "always"]))
        let receiver = try await TestReceiver.start()
        let apis = [try await fleet.startAPINode("api")]
        _ = try await fleet.startDeliveryNode("delivery")
        let workload = try await Workload.prepare(fleet, api: apis[0], receiver: receiver, webhooks: 6)
        receiver.answer { _ in .status(200, after: .milliseconds(10)) }
        var expected = try await workload.post(600, through: apis)
        fleet.redis.kill()
        try await fleet.redis.restart()
        let view = try await RedisView(fleet.redis)
        _ = try await view.connection.execute(RedisCommand("BGREWRITEAOF"))
        try await eventually(within: .seconds(10), "a ready API") {
            try await apis[0].client().send(.GET, "/health/ready").status == 200
        }
        for (path, events) in try await workload.post(600, from: 600, through: apis) {
            expected[path, default: [:]].merge(events) { $1 }
        }
        try await view.drained(within: .seconds(120))
        var arrivals = Arrivals(receiver.requests, subscribers: workload.subscribers, now: secondsNow())
        _ = arrivals.compare(expected, duplicates: true)
        #expect(arrivals.problems.prefix(5).joined(separator: "\n") == "")
        #expect(try await view.totals()["accepted"] == 1200)
        #expect(try await view.checkDrainedTotals() == [])
        await view.close()
        try await receiver.stop()
    }
}
