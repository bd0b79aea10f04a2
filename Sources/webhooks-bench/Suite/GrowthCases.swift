import TestSupport

/// How the cost of a delivery grows with nodes and with what waits.
struct GrowthCases {
    let scale: Int
    let certificates: SinkCertificates

    func run(_ report: inout Report) async throws {
        var table = Report.Table(
            title: "Growth: 1,000 endpoints in 100 workspaces",
            columns: ["case", "deliveries/s", "nodes µs", "Redis µs"])
        let backlogs = scale == 1 ? [40_000] : [10_000, 1_000_000]
        for nodes in [1, 2, 4] {
            table.rows.append(try await row(nodes: nodes, events: backlogs[0] == 10_000 ? 160_000 : backlogs[0]))
        }
        if scale > 1 {
            for events in backlogs { table.rows.append(try await row(nodes: 1, events: events)) }
        }
        report.add(table)
    }

    private func row(nodes: Int, events: Int) async throws -> Report.Row {
        let stage = try await Stage(certificates: certificates)
        let backlog = Backlog(workspaces: 100, operations: 10, events: events)
        try await backlog.register(stage.connection, target: stage.target(secure: false))
        try await backlog.store(stage.connection)
        var processes: [Int32] = []
        for _ in 0..<nodes {
            processes.append(try stage.startDeliveryNode().pid)
        }
        let drained = try await DrainMeasurement.take(
            stage.connection, wanted: backlog.deliveries, processes: processes)
        await stage.close()
        let used = (0..<nodes).map(drained.microseconds).reduce(0, +)
        return .init(cells: [
            "\(nodes) node\(nodes == 1 ? "" : "s"), \(grouped(Double(events))) waiting", grouped(drained.rate),
            rounded(used), rounded(drained.redis.cpuSeconds * 1_000_000 / Double(drained.deliveries)),
        ])
    }
}
