import RedisClient
import TestSupport

/// What an accepted event costs an API node and Redis, beside a plain route that reads the same body.
struct AcceptCases {
    let scale: Int
    let certificates: SinkCertificates

    private struct Case {
        let size: Int
        let batch: Int
        let connections: Int

        var name: String {
            "\(batch == 0 ? "single" : "batch of \(batch)"), \(size / 1024) KiB, \(connections) connection\(connections == 1 ? "" : "s")"
        }
    }

    private var cases: [Case] {
        let quick = [
            Case(size: 1024, batch: 0, connections: 1), Case(size: 1024, batch: 0, connections: 64),
            Case(size: 1024, batch: 100, connections: 1), Case(size: 8192, batch: 0, connections: 64),
        ]
        guard scale > 1 else { return quick }
        return quick + [
            Case(size: 8192, batch: 0, connections: 1), Case(size: 1024, batch: 100, connections: 64),
            Case(size: 8192, batch: 100, connections: 1), Case(size: 8192, batch: 100, connections: 64),
        ]
    }

    func run(_ report: inout Report) async throws {
        var table = Report.Table(
            title: "An accepted event",
            columns: [
                "case", "events/s", "API node µs", "plain route µs", "ratio", "Redis µs", "Redis calls", "Redis bytes",
            ])
        for item in cases {
            let row = try await measure(item)
            table.rows.append(
                .init(cells: [
                    item.name, grouped(row.rate), rounded(row.node), rounded(row.route),
                    hundredths(row.node / row.route),
                    rounded(row.redis), hundredths(row.calls), grouped(row.bytes),
                ]))
            if item.batch == 0, item.connections == 64 {
                table.remarks.append(
                    report.judge("API CPU, \(item.name)", ratio: row.node / row.route, budget: 1.5, goal: 1.2))
            }
        }
        report.add(table)
    }

    private struct Measured {
        let rate: Double
        let node: Double
        let route: Double
        let redis: Double
        let calls: Double
        let bytes: Double
    }

    private func measure(_ item: Case) async throws -> Measured {
        let stage = try await Stage(certificates: certificates)
        let key = try await stage.createKey(workspace: "bench")
        let api = try await stage.startAPINode()
        let routePort = try freePort()
        let route = try stage.startBench(["route", "--port", "\(routePort)"])
        try await untilListening(routePort)
        let requests = (item.batch == 0 ? (item.connections == 1 ? 6_000 : 24_000) : 400) * scale
        let arguments = [
            "--path", "/rest/events", "--connections", "\(item.connections)", "--count", "\(requests)", "--size",
            "\(item.size)", "--batch", "\(item.batch)", "--key", key,
        ]
        var used = (node: 0.0, route: 0.0)
        var requestsAnswered = (node: 0.0, route: 0.0)
        var seconds = 0.0
        let before = try await RedisAccounting.read(stage.connection)
        for _ in 0..<2 {
            let routeBefore = cpuSeconds(route.pid)
            let plain = try await runPostLoop(stage, ["--port", "\(routePort)"] + arguments)
            used.route += cpuSeconds(route.pid) - routeBefore
            requestsAnswered.route += Double(plain.answered)
            let nodeBefore = cpuSeconds(api.process.pid)
            let loop = try await runPostLoop(stage, ["--port", "\(api.port)"] + arguments)
            guard loop.refused == 0 else { throw BenchFailure("\(item.name): \(loop.refused) refused") }
            used.node += cpuSeconds(api.process.pid) - nodeBefore
            requestsAnswered.node += Double(loop.answered)
            seconds += loop.seconds
        }
        let redis = try await RedisAccounting.read(stage.connection) - before
        let accepted = Double(try await totals(stage.connection)["accepted"] ?? 0)
        route.kill()
        await stage.close()
        let events = Double(max(1, item.batch))
        // The warming requests of the loop are in the CPU of both.
        let warming = Double(min(requests, item.connections * 20) * 2)
        return Measured(
            rate: requestsAnswered.node * events / seconds,
            node: used.node * 1_000_000 / ((requestsAnswered.node + warming) * events),
            route: used.route * 1_000_000 / ((requestsAnswered.route + warming) * events),
            redis: redis.cpuSeconds * 1_000_000 / accepted, calls: Double(redis.calls) / accepted,
            bytes: Double(redis.bytes) / accepted)
    }
}
