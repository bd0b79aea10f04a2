import APIClient
import FaultHarness
import FleetSupport
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

/// From acceptance to receipt in milliseconds, of deliveries to some paths accepted since a time.
private func latencies(_ oracle: DeliveryOracle, since: Int64 = 0, of isMeant: (String) -> Bool) -> [Int64] {
    oracle.arrivals.compactMap { delivery, arrivals in
        guard isMeant(delivery.path), let id = EventID(delivery.event), let first = arrivals.first,
            id.uuid.milliseconds >= since
        else { return nil }
        return first.at - id.uuid.milliseconds
    }.sorted()
}

private func percentile(_ sorted: [Int64], _ part: Double) -> Int64 {
    sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
}

@Suite(.serialized, .timeLimit(.minutes(5)))
struct `One endpoint or workspace in trouble` {
    @Test func `an endpoint that is down with 10,000 waiting is only probed, harms nobody, and is drained after`()
        async throws
    {
        let stage = try await FaultStage(verifyingEvery: 16)
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/down", operations: ["company.*"])
        try await stage.subscribe(producer, path: "/well", operations: ["people.*"])
        stage.oracle.answer { $0.target == "/down" ? .status(500) : .ok }
        let load = await stage.producer(for: producer)
        // A quarter of the events is for each.
        for _ in 0..<10 { try await load.post(count: 100) }
        let opened = try await eventuallyValue(within: .seconds(10), "the endpoint opened") {
            try await stage.state(ofEndpointAt: "/down") == "open" ? stage.oracle.posts(to: "/down") : nil
        }
        let start = ContinuousClock.now
        for _ in 0..<390 { try await load.post(count: 100) }
        let since = millisecondsNow()
        for _ in 0..<20 {
            try await load.post(count: 12)
            try await Task.sleep(for: .milliseconds(50))
        }
        // Of twelve kinds in turn three are for each: all of the one's delivered, all of the other's waiting.
        try await eventually(within: .seconds(60), "the other endpoint has everything") {
            try await stage.view.backlog() <= 10_062 && stage.oracle.posts(to: "/well") >= 10_060
        }
        #expect(try await stage.view.backlog() > 9_900)
        let delays = latencies(stage.oracle, since: since) { $0 == "/well" }
        #expect(percentile(delays, 0.99) < 2000, "the other endpoint is served all the time: \(delays.suffix(5))")
        // Probes come 5 s after the first opening, then after 10 s, 20 s...
        let probes = stage.oracle.posts(to: "/down") - opened
        #expect(probes <= 10, "\(probes) probes in \(ContinuousClock.now - start)")
        // What waits costs its payload, 250 bytes, and 50 for a further delivery.
        let memory = try await stage.view.usedMemory()
        #expect(memory < 10_060 * (700 + 250) + 24 << 20, "\(memory) bytes")

        stage.oracle.answer { _ in .ok }
        let balance = try await stage.settle(within: .seconds(90))
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.dead.isEmpty, "waiting burns no attempt: \(balance.summary)")
        try await stage.strike()
    }

    @Test func `40 hanging and slow endpoints do not slow 40 fast ones down`() async throws {
        // Medians of three pairs of runs of two seconds.
        var baseline: [Int64] = []
        var beside: [Int64] = []
        let stage = try await FaultStage(receivers: 2)
        let fast = try await stage.createProducer("fast")
        let slow = try await stage.createProducer("slow")
        for n in 0..<40 {
            try await stage.subscribe(fast, path: "/fast/\(n)", receiver: 0)
            try await stage.subscribe(slow, path: "/slow/\(n)", receiver: 1)
        }
        stage.oracle.answer { request in
            guard request.target.hasPrefix("/slow") else { return .ok }
            return request.number % 2 == 0 ? .hang : .status(200, after: .milliseconds(700))
        }
        for round in 0..<6 {
            let since = millisecondsNow()
            await stage.startLoad(round % 2 == 0 ? [fast] : [fast, slow], rate: 20, batch: 2)
            try await Task.sleep(for: .seconds(2))
            try await stage.stopLoad()
            try await eventually(within: .seconds(10), "the fast ones have theirs") {
                try await stage.view.openItems(of: "fast") == 0
            }
            let p99 = percentile(latencies(stage.oracle, since: since) { $0.hasPrefix("/fast") }, 0.99)
            if round % 2 == 0 { baseline.append(p99) } else { beside.append(p99) }
        }
        let (alone, together) = (baseline.sorted()[1], beside.sorted()[1])
        #expect(together < 2 * alone + 20, "p99 \(together) ms beside slow ones, \(alone) ms alone")
        stage.oracle.answer { _ in .ok }
        try await stage.strike()
    }

    @Test func `a workspace that floods does not delay 20 that trickle by 2 seconds, with a fan-out of 100 too`()
        async throws
    {
        let stage = try await FaultStage(receivers: 2, verifyingEvery: 16)
        let flood = try await stage.createProducer("flood")
        for n in 0..<4 { try await stage.subscribe(flood, path: "/flood/\(n)") }
        // One kind of event goes to a hundred webhooks.
        for n in 0..<96 { try await stage.subscribe(flood, path: "/wide/\(n)", operations: ["task.deleted"]) }
        var trickles: [Producer] = []
        for n in 0..<20 {
            let producer = try await stage.createProducer("trickle-\(n)")
            try await stage.subscribe(producer, path: "/trickle/\(n)", receiver: 1)
            trickles.append(producer)
        }
        let load = await stage.producer(for: flood)
        for _ in 0..<20 { try await load.post(count: 100) }
        await stage.startLoad(trickles, rate: 5, batch: 1)
        for _ in 0..<5 { try await load.post(count: 100) }
        try await Task.sleep(for: .seconds(3))
        let waiting = try await stage.view.openItems(of: "flood")
        try await stage.stopLoad()
        try await eventually(within: .seconds(20), "the trickle is delivered") {
            var open = 0
            for trickle in trickles { open += try await stage.view.openItems(of: trickle.workspace) }
            return open == 0
        }
        #expect(waiting > 1000, "there was a flood: \(waiting)")
        let delays = latencies(stage.oracle) { $0.hasPrefix("/trickle") }
        #expect(delays.count > 200 && (delays.last ?? 0) < 2000, "\(delays.count): \(delays.suffix(5))")
        try await stage.settle(within: .seconds(90)).expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `in-flight attempts of one endpoint never exceed its limit over three nodes`() async throws {
        var settings = FaultStage.quick
        settings["WEBHOOKS_ENDPOINT_CONCURRENCY"] = "5"
        let stage = try await FaultStage(deliveries: 3, settings: settings)
        let producer = try await stage.createProducer("acme")
        try await stage.subscribe(producer, path: "/hook")
        stage.oracle.answer { _ in .status(200, after: .milliseconds(30)) }
        let load = await stage.producer(for: producer)
        for _ in 0..<4 { try await load.post(count: 100) }
        var most = 0
        while try await stage.view.backlog() > 0 {
            let snapshot = try await stage.snapshot()
            most = max(
                most,
                snapshot.sets.filter { $0.key.hasPrefix("claimed:") }.reduce(0) {
                    $0 + $1.value.count { $0.contains(">") }
                })
            #expect(ShardInvariants(snapshot).broken == [])
        }
        #expect(most == 5)
        try await stage.settle().expectNothingLost(duplicatesAtMost: 0)
        try await stage.strike()
    }

    @Test func `an endpoint that failed for more than five days and ten times in a row is disabled`() async throws {
        let stage = try await FaultStage(deliveries: 1)
        let producer = try await stage.createProducer("acme")
        let webhook = try await stage.subscribe(producer, path: "/dead").id
        stage.oracle.answer { _ in .status(500) }
        let load = await stage.producer(for: producer)
        try await load.post(count: 30)
        let endpoint = "\(StoreKeys.shard0.prefix)endpoint:\(webhook)"
        try await eventually("open") { try await stage.state(ofEndpointAt: "/dead") == "open" }
        // Five days have passed, and the next probe is due.
        let past = millisecondsNow() - 5 * 86_400_000 - 60_000
        _ = try await stage.view.execute("HSET", endpoint, "failingSince", "\(past)", "fails", "9")
        _ = try await stage.view.execute("ZADD", "\(StoreKeys.shard0.prefix)timers", "1", webhook)
        try await eventually(within: .seconds(15), "disabled") {
            try await stage.state(ofEndpointAt: "/dead") == "disabled"
        }
        let client = await stage.client(producer)
        let answer = try await client.http.send(.GET, "/rest/webhooks/\(webhook)", headers: client.headers)
        #expect(answer.text.contains(#""isEnabled":false"#) && answer.text.contains(#""disabledReason":"failing""#))
        let balance = try await stage.settle()
        balance.expectNothingLost(duplicatesAtMost: 0)
        #expect(balance.dead.keys.contains("disabled"))
        try await stage.strike()
    }
}
