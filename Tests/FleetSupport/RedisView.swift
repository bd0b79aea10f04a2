import NIOCore
import NIOPosix
import Logging
package import RedisClient
package import TestSupport
import WebhookStore

/// A look into a fleet's Redis, which finds it again after it was away.
package struct RedisView: Sendable {
    package let connection: RedisClient
    private let keeping: Task<Void, Never>

    package init(_ server: RedisServer) async throws {
        let client = RedisClient(
            try RedisConfiguration(url: server.url), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, patience: .seconds(10))
        connection = client
        keeping = Task { await client.run() }
        _ = try await client.execute(RedisCommand("PING"))
    }

    package func close() async {
        keeping.cancel()
        await keeping.value
    }

    /// Sends a command that may be sent twice, again and again while Redis is away.
    package func execute(
        _ name: StaticString, _ words: String..., within limit: Duration = .seconds(20)
    ) async throws
        -> RedisValue
    {
        var command = RedisCommand(name)
        for word in words { command.arguments.append(word) }
        return try await retrying(within: limit) { try await connection.execute(command) }
    }

    /// Everything, as of one moment.
    package func snapshot(within limit: Duration = .seconds(20)) async throws -> ShardSnapshot {
        try await retrying(within: limit) { try await ShardSnapshot(connection) }
    }

    private func retrying<Value>(within limit: Duration, _ body: () async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + limit
        while true {
            do {
                return try await body()
            } catch let error as RedisError {
                if error.isAnswer && !error.hasCode("LOADING") && !error.hasCode("BUSY") { throw error }
                guard ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    package func totals() async throws -> [String: Int] {
        try await execute("HGETALL", StoreKeys.shard0.totals).fields().compactMapValues { Int($0) }
    }

    /// Open items of all workspaces.
    package func backlog() async throws -> Int {
        try await execute("HGET", StoreKeys.shard0.backlog, "*").optionalText().flatMap { Int($0) } ?? 0
    }

    /// Open items of one workspace.
    package func openItems(of workspace: String) async throws -> Int {
        try await execute("HGET", StoreKeys.shard0.backlog, workspace).optionalText().flatMap { Int($0) } ?? 0
    }

    /// Bytes that Redis uses.
    package func usedMemory() async throws -> Int {
        let info = try await execute("INFO", "memory").text()
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        return line.flatMap { Int($0.dropFirst("used_memory:".count)) } ?? 0
    }

    /// How long calls of a command took by Redis's own clock, in microseconds, since `CONFIG RESETSTAT`.
    ///
    /// - Parameter percentile: `p50`, `p99` or `p99.9`.
    package func latency(of command: String, percentile: String) async throws -> Double {
        let info = try await execute("INFO", "latencystats").text()
        guard
            let line = info.split(whereSeparator: \.isNewline).first(where: {
                $0.hasPrefix("latency_percentiles_usec_\(command):")
            }),
            let field = line.split(separator: ":")[1].split(separator: ",").first(where: {
                $0.hasPrefix("\(percentile)=")
            })
        else { return .infinity }
        return Double(field.dropFirst(percentile.count + 1)) ?? .infinity
    }

    package func keys() async throws -> [String] {
        try await connection.execute(RedisCommand("KEYS", "*")).array().map { try $0.text() }
    }

    /// Waits until every accepted event is final for every webhook.
    package func drained(within limit: Duration) async throws {
        try await eventually(within: limit, "an empty queue") { try await self.backlog() == 0 }
    }

    /// Keys that a drained queue must not leave: everything but configuration, counters, capped logs and living lanes.
    package func leftovers() async throws -> [String] {
        let allowed = [
            "workspace:", "apikey:", "apikeys:", "webhook:", "webhooks:", "edits:", "version", "changed", "deleted:",
            "endpoint:", "totals", "backlog", "held", "idempotency:", "timers", "failing", "dead:", "letters:", "deads",
            "poison", "attempts:", "failures:", "wake", "watched", "lanes", "lane:",
        ].map { StoreKeys.shard0.prefix + $0 }
        return try await keys().filter { key in !allowed.contains { key.hasPrefix($0) } }
    }

    /// Sums that must hold when nothing is open (invariant of `totals`).
    package func checkDrainedTotals() async throws -> [String] {
        let totals = try await totals()
        func number(_ name: String) -> Int { totals[name] ?? 0 }
        var wrong: [String] = []
        if number("accepted") != number("fannedOut") + number("poisoned") { wrong.append("events: \(totals)") }
        if number("planned") + number("replayed") != number("delivered") + number("dead") + number("dropped") {
            wrong.append("deliveries: \(totals)")
        }
        for (workspace, open) in try await connection.execute(
            RedisCommand("HGETALL", StoreKeys.shard0.backlog)
        ).fields() where open != "0" {
            wrong.append("backlog of \(workspace): \(open)")
        }
        return wrong
    }
}
