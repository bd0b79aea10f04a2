import APIClient
import FaultHarness
import FleetSupport
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4)))
struct `Work that kills nodes` {
    @Test
    func `a delivery that kills every node that tries it ends as poison, and a hundred held beside it are delivered`()
        async throws
    {
        let stage = try await FaultStage(deliveries: 0)
        let deadly = try await TestReceiver.start()
        deadly.answer { _ in .hang }
        let harmless = try await TestReceiver.start()
        harmless.answer { _ in .hang }
        let producer = try await stage.createProducer("acme")
        let client = await stage.client(producer)
        let poison = try await client.register(target: deadly.url("/deadly"), operations: ["company.created"])
        // An endpoint without a success has two attempts in flight: fifty of them hold a hundred.
        for number in 0..<50 {
            _ = try await client.register(target: harmless.url("/\(number)"), operations: ["people.created"])
        }
        for _ in 0..<2 { _ = try await client.post(event: producer.json(producer.event(3))) }
        _ = try await client.post(event: producer.json(producer.event(0)))

        for death in 1...5 {
            // From the third on everything that was held at two deaths is tried alone.
            if death == 3 { harmless.answer { _ in .ok } }
            let node = try await stage.startDelivery()
            try await eventually(within: .seconds(25), "attempt \(death) of the deadly delivery") {
                deadly.requestCount >= death && (death > 2 || harmless.requestCount >= 100 * death)
            }
            #expect(await stage.killDelivery(pid: node.process.pid))
        }
        try await stage.startDelivery()
        try await stage.view.drained(within: .seconds(30))

        let totals = try await stage.view.totals()
        #expect(totals["dead"] == 1 && totals["delivered"] == 100 && totals["poisoned"] ?? 0 == 0, "\(totals)")
        let dead = try await stage.fleet.run(["dead", "list", "--webhook", poison, "--json"])
        #expect(dead.output.contains(#""reason":"poison""#), "\(dead.output)")
        #expect(deadly.requestCount == 5)
        #expect(try await stage.broken() == [])
        try await deadly.stop()
        try await harmless.stop()
        try await stage.strike()
    }

    @Test func `three nodes that reap two dead ones at once move each token once`() async throws {
        let stage = try await FaultStage(deliveries: 5)
        await stage.startLoad(try await stage.subscribeMany(), rate: 300)
        try await stage.flowing()
        await stage.killDelivery(0)
        await stage.killDelivery(0)
        // Looked at while all of them reap: each token stands in one place, each counter says what is there.
        let end = ContinuousClock.now + .seconds(7)
        while ContinuousClock.now < end { #expect(try await stage.broken() == []) }
        try await stage.flowing()
        try await stage.settle().expectNothingLost(duplicatesAtMost: 200)
        try await stage.strike()
    }
}
