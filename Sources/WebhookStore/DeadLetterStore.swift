import NIOCore
import RedisClient
package import WebhookModel

/// A delivery that was given up.
package struct DeadLetter: Sendable, Hashable {
    package let event: EventID
    package let reason: String
    /// Attempts made.
    package let attempts: Int
    /// When it was given up, in milliseconds since 1970.
    package let diedAt: Int64
    /// Its failed attempts as a JSON array, as they were written down.
    package let attemptLines: String
}

/// The dead letters of webhooks.
package struct DeadLetterStore: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// The workspace of a webhook, nil when there is no such webhook.
    package func workspace(of webhook: WebhookID) async throws(StoreError) -> WorkspaceName? {
        let reply = try await shard.execute(RedisCommand("HMGET", shard.keys.endpoint(webhook), "ws", "state"))
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            guard try values[1].optionalText() != "deleted" else { return nil }
            return try values[0].optionalText().flatMap { WorkspaceName($0) }
        }
    }

    /// At most `limit` dead letters of a webhook, the oldest first, and how many there are.
    package func list(
        _ webhook: WebhookID, offset: Int = 0, limit: Int
    ) async throws(StoreError) -> (total: Int, letters: [DeadLetter]) {
        let key = shard.keys.dead(webhook)
        let count = try await shard.execute(RedisCommand("ZCARD", key))
        guard limit > 0 else { return (try decoding { () throws(RedisError) in Int(try count.integer()) }, []) }
        let range = try await shard.execute(
            RedisCommand("ZRANGE", key, "\(offset)", "\(offset + limit - 1)", "WITHSCORES"))
        let entries = try decoding { () throws(RedisError) in
            var entries: [(EventID, Int64)] = []
            let values = try range.array()
            for index in stride(from: 0, to: values.count - 1, by: 2) {
                entries.append((try values[index].eventID(), milliseconds(try values[index + 1].text())))
            }
            return entries
        }
        guard !entries.isEmpty else { return (try decoding { () throws(RedisError) in Int(try count.integer()) }, []) }
        var command = RedisCommand("HMGET", shard.keys.letters(webhook))
        for (event, _) in entries { command.arguments.append(event.description) }
        let texts = try await shard.execute(command)
        return try decoding { () throws(RedisError) in
            var letters: [DeadLetter] = []
            for (entry, value) in zip(entries, try texts.array()) {
                letters.append(Self.letter(entry.0, diedAt: entry.1, text: try value.optionalText() ?? ""))
            }
            return (Int(try count.integer()), letters)
        }
    }

    /// `#<attempts made> <reason> <JSON array>`.
    static func letter(_ event: EventID, diedAt: Int64, text: String) -> DeadLetter {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        return DeadLetter(
            event: event, reason: parts.count > 1 ? String(parts[1]) : "unknown",
            attempts: parts.first.flatMap { Int($0.dropFirst()) } ?? 0, diedAt: diedAt,
            attemptLines: parts.count > 2 ? String(parts[2]) : "[]")
    }

    /// Puts dead letters back to the head of their queue, with the same ids and bytes, as if never tried.
    ///
    /// - Parameters:
    ///   - events: These alone; nil for the oldest of all.
    ///   - died: From when until when, in milliseconds since 1970; nil for no bound. Not together with `events`.
    ///   - dryRun: Move nothing, only count.
    /// - Returns: How many were put back (at most 100 a call), and how many still match.
    /// - Throws: ``StoreError/missing``, ``StoreError/disabled``.
    package func replay(
        _ webhook: WebhookID, workspace: WorkspaceName, events: [EventID]? = nil,
        died: (since: Int64?, until: Int64?) = (nil, nil), limit: Int = 100, dryRun: Bool = false
    ) async throws(StoreError) -> (replayed: Int, remaining: Int) {
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        arguments.append { webhook.append(to: &$0) }
        arguments.append(died.since.map { "\($0)" } ?? "-inf")
        arguments.append(died.until.map { "\($0)" } ?? "+inf")
        arguments.append(limit)
        arguments.append(dryRun ? "1" : "0" as StaticString)
        for event in events ?? [] { arguments.append { event.append(to: &$0) } }
        let reply = try await shard.run(StoreScripts.replay, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            return (Int(try values[0].integer()), Int(try values[1].integer()))
        }
    }

    /// Replays what a request chooses, a hundred a call.
    ///
    /// How many that may be is fixed first: a letter that is replayed and dies again meanwhile is not replayed twice.
    ///
    /// - Returns: How many were put back, and how many still match.
    /// - Throws: ``StoreError/missing``, ``StoreError/disabled``.
    package func replay(
        _ webhook: WebhookID, workspace: WorkspaceName, _ request: ReplayRequest
    ) async throws(StoreError) -> (replayed: Int, remaining: Int) {
        switch request.choice {
        case .events(let events):
            return try await replay(webhook, workspace: workspace, events: events, dryRun: request.isDryRun)
        case .died(let since, let until, let limit):
            let died = (since: since, until: until)
            var remaining = try await replay(webhook, workspace: workspace, died: died, dryRun: true).remaining
            let wanted = request.isDryRun ? 0 : min(limit, remaining)
            var replayed = 0
            while replayed < wanted {
                let step = try await replay(
                    webhook, workspace: workspace, died: died, limit: min(100, wanted - replayed))
                replayed += step.replayed
                remaining = step.remaining
                if step.replayed == 0 { break }
            }
            return (replayed, remaining)
        }
    }
}
