import FoundationEssentials
import TestSupport

/// What a delivery costs the node and Redis, beside the plain loop of POSTs to the same sink.
struct DrainCases {
    let scale: Int
    let certificates: SinkCertificates

    private struct Case {
        let name: String
        let backlog: Backlog
        let isSecure: Bool
        /// Connections that the delivery node has to the sink, which the plain loop gets too.
        let connections: Int
    }

    private var cases: [Case] {
        let events = 40_000 * scale
        let one = Backlog(events: events)
        var thousand = Backlog(workspaces: 100, operations: 10, events: events)
        var plain = one
        plain.isSigned = false
        var cases = [
            Case(name: "1 endpoint", backlog: one, isSecure: false, connections: 16),
            Case(name: "1 endpoint, unsigned", backlog: plain, isSecure: false, connections: 16),
            Case(name: "1 endpoint, https", backlog: one, isSecure: true, connections: 16),
            Case(name: "1,000 endpoints", backlog: thousand, isSecure: false, connections: 128),
        ]
        thousand.isSigned = false
        if scale > 1 {
            cases.append(Case(name: "1,000 endpoints, unsigned", backlog: thousand, isSecure: false, connections: 128))
            thousand.isSigned = true
            cases.append(Case(name: "1,000 endpoints, https", backlog: thousand, isSecure: true, connections: 128))
        }
        cases.append(
            Case(
                name: "fan-out 5", backlog: Backlog(workspaces: 2, operations: 5, fanOut: 5, events: events / 5),
                isSecure: false, connections: 128))
        cases.append(
            Case(
                name: "fan-out 100", backlog: Backlog(workspaces: 2, fanOut: 100, events: events / 100),
                isSecure: false, connections: 128))
        return cases
    }

    func run(_ report: inout Report) async throws {
        var table = Report.Table(
            title: "A delivery: 1 KiB events that wait, emptied into nginx",
            columns: [
                "case", "deliveries/s", "node µs", "plain loop µs", "ratio", "Redis µs", "Redis calls", "Redis bytes",
                "nginx µs",
            ])
        for item in cases {
            let (drained, loop) = try await measure(item)
            let node = drained.microseconds(0)
            let plain = loop.cpuSeconds * 1_000_000 / Double(loop.answered)
            let count = Double(drained.deliveries)
            table.rows.append(
                .init(cells: [
                    item.name, grouped(drained.rate), rounded(node), rounded(plain), hundredths(node / plain),
                    rounded(drained.redis.cpuSeconds * 1_000_000 / count),
                    hundredths(Double(drained.redis.calls) / count), grouped(Double(drained.redis.bytes) / count),
                    rounded(drained.microseconds(1)),
                ]))
            if item.name == "1 endpoint" || item.name == "1,000 endpoints" {
                table.remarks.append(
                    report.judge("node CPU, \(item.name)", ratio: node / plain, budget: 1.5, goal: 1.2))
            }
        }
        report.add(table)
    }

    /// The plain loop before and after the drain, in the same minute, against the same sink.
    private func measure(_ item: Case) async throws -> (DrainMeasurement, PostLoop.Result) {
        let stage = try await Stage(certificates: certificates)
        try await item.backlog.register(stage.connection, target: stage.target(secure: item.isSecure))
        try await item.backlog.store(stage.connection)
        var loop = try await plainLoop(stage, item)
        let node = try stage.startDeliveryNode()
        let drained = try await DrainMeasurement.take(
            stage.connection, wanted: item.backlog.deliveries, processes: [node.pid, stage.nginx.pid])
        node.kill()
        let after = try await plainLoop(stage, item)
        loop.answered += after.answered
        loop.cpuSeconds += after.cpuSeconds
        await stage.close()
        guard drained.notDelivered == 0 else { throw BenchFailure("\(item.name): not all delivered") }
        return (drained, loop)
    }

    private func plainLoop(_ stage: Stage, _ item: Case) async throws -> PostLoop.Result {
        var arguments = [
            "--port", "\(item.isSecure ? stage.securePort : stage.sinkPort)", "--connections", "\(item.connections)",
            "--count", "\(20_000 * scale)",
        ]
        if item.isSecure { arguments += ["--authority", stage.authorityFile] }
        return try await runPostLoop(stage, arguments)
    }
}

/// Runs `webhooks-bench post` in a process of its own.
func runPostLoop(_ stage: Stage, _ arguments: [String]) async throws -> PostLoop.Result {
    let process = try stage.startBench(["post"] + arguments)
    guard try await process.exitStatus(within: .seconds(120)) == 0 else {
        throw BenchFailure("post \(arguments): \(process.errorOutput)")
    }
    return try JSONDecoder().decode(PostLoop.Result.self, from: Data(process.output.utf8))
}
