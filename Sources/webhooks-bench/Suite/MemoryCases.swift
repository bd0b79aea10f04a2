import RedisClient
import TestSupport
import WebhookModel
import WebhookStore

/// What waiting events, cached webhooks and nodes take of memory.
struct MemoryCases {
    let scale: Int
    let certificates: SinkCertificates

    func run(_ report: inout Report) async throws {
        var table = Report.Table(title: "Memory", columns: ["what", "bytes"])
        let plain = try await waitingEvent(ownIDs: false)
        let withID = try await waitingEvent(ownIDs: true)
        table.rows.append(.init(cells: ["waiting event in Redis, beyond its payload of 1,000 B", grouped(plain)]))
        table.rows.append(.init(cells: ["the same with a producer's own id", grouped(withID)]))
        table.remarks.append(report.judge("waiting event, of 250 B", ratio: plain / 250, budget: 1))
        table.remarks.append(report.judge("with an own id, of 500 B", ratio: withID / 500, budget: 1))
        let node = try await nodes()
        table.rows.append(.init(cells: ["API node, idle", grouped(Double(node.api))]))
        table.rows.append(.init(cells: ["delivery node, idle", grouped(Double(node.idle))]))
        table.rows.append(.init(cells: ["a webhook in the cache of a delivery node", grouped(node.webhook)]))
        table.remarks.append(
            report.judge("idle delivery node, of 64 MiB", ratio: Double(node.idle) / Double(64 << 20), budget: 1))
        report.add(table)
    }

    private func waitingEvent(ownIDs: Bool) async throws -> Double {
        let stage = try await Stage(certificates: certificates)
        // 1,000 bytes: 1,024 and their header fall into the allocator's next class, of 1,280.
        var backlog = Backlog(events: 20_000 * scale, size: 1000)
        backlog.hasOwnIDs = ownIDs
        var first = backlog
        first.events = 100
        try await first.store(stage.connection)
        let before = try await RedisAccounting.read(stage.connection)
        // Ids of the first hundred are made anew: nothing is a repeat.
        backlog.workspaces = 2
        try await backlog.store(stage.connection)
        let after = try await RedisAccounting.read(stage.connection)
        await stage.close()
        return Double((after - before).memory) / Double(backlog.events) - Double(backlog.size)
    }

    private func nodes() async throws -> (api: Int, idle: Int, webhook: Double) {
        let stage = try await Stage(certificates: certificates)
        let api = try await stage.startAPINode()
        let node = try stage.startDeliveryNode()
        let lanes = StoreKeys.shard0.lanes
        try await eventually(within: .seconds(20), "a lane") {
            try await stage.connection.execute(RedisCommand("ZCARD", lanes)).integer() > 0
        }
        let idle = residentBytes(node.pid)
        let backlog = Backlog(workspaces: 5 * scale, operations: 10, fanOut: 200, events: 5 * scale)
        try await backlog.register(stage.connection, target: stage.target(secure: false))
        // One event of an operation without webhooks in each workspace: it loads the workspace and matches nothing.
        var events = backlog
        events.operation = Backlog.names.last
        try await events.store(stage.connection)
        try await eventually(within: .seconds(60), "the fan-out") {
            try await totals(stage.connection)["fannedOut"] ?? 0 >= backlog.events
        }
        let loaded = residentBytes(node.pid)
        let result = (residentBytes(api.process.pid), idle, Double(loaded - idle) / Double(backlog.webhooks))
        await stage.close()
        return result
    }
}
