import NIOCore
import NIOPosix
import Logging
package import RedisClient
package import TestSupport
import WebhookStore

/// A look into a fleet's Redis.
package struct RedisView: Sendable {
    package let connection: RedisConnection

    package init(_ server: RedisServer) async throws {
        connection = try await RedisConnection.connect(
            try RedisConfiguration(url: server.url), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
    }

    package func close() async { await connection.close() }

    package func totals() async throws -> [String: Int] {
        try await connection.execute(RedisCommand("HGETALL", StoreKeys.shard0.totals)).fields().compactMapValues(
            Int.init)
    }

    /// Open items of all workspaces.
    package func backlog() async throws -> Int {
        try await connection.execute(RedisCommand("HGET", StoreKeys.shard0.backlog, "*")).optionalText().flatMap(
            Int.init)
            ?? 0
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
