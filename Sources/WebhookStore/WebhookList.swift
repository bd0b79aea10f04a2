import RedisClient
package import WebhookModel

/// Pages of a workspace's webhooks. No call holds Redis for longer than a chunk takes, and none looks for keys.
extension WebhookStore {
    /// How many webhooks one call reads at most.
    package static let chunk = 200

    package typealias Position = PagePosition<WebhookID>

    /// The page that a query asks for.
    ///
    /// A plain query reads its page alone, by the index of the workspace. One with a filter or another order reads every
    /// webhook once, a chunk at a time, and keeps those that match. What changes while a page is read may be seen before
    /// or after the change, and is in the page once.
    ///
    /// - Throws: ``StoreError/unknownCursor``.
    package func list(_ workspace: WorkspaceName, _ query: ListQuery) async throws(StoreError) -> WebhookPage {
        if query.isPlain {
            return try await page(workspace, query.page.position, limit: query.page.limit)
        }
        var candidates = ListCandidates(query)
        var position = Position.beginning
        while true {
            let chunk = try await self.chunk(workspace, position, limit: Self.chunk)
            for webhook in chunk.webhooks { candidates.consider(webhook) }
            guard let next = chunk.continuation else { break }
            position = .after(next)
        }
        if let cursor = candidates.missingCursor {
            guard let deleted = try await deletedWebhook(workspace, cursor) else { throw .unknownCursor }
            candidates.placeCursor(of: deleted)
        }
        return candidates.page()
    }

    /// At most `limit` webhooks from a position on, in the order of their creation.
    ///
    /// - Throws: ``StoreError/unknownCursor``.
    package func page(
        _ workspace: WorkspaceName, _ position: Position, limit: Int
    ) async throws(StoreError) -> WebhookPage {
        var last = try await chunk(workspace, position, limit: min(limit, Self.chunk))
        var webhooks = last.webhooks
        var hasNext = last.hasNext
        var hasPrevious = last.hasPrevious
        if case .before = position {
            while webhooks.count < limit, last.hasPrevious, let first = last.first {
                last = try await chunk(workspace, .before(first), limit: min(limit - webhooks.count, Self.chunk))
                webhooks.insert(contentsOf: last.webhooks, at: 0)
                hasPrevious = last.hasPrevious
            }
        } else {
            while webhooks.count < limit, let next = last.continuation {
                last = try await chunk(workspace, .after(next), limit: min(limit - webhooks.count, Self.chunk))
                webhooks.append(contentsOf: last.webhooks)
                hasNext = last.hasNext
            }
        }
        return WebhookPage(
            webhooks: webhooks, hasNextPage: hasNext, hasPreviousPage: hasPrevious, totalCount: last.total)
    }

    /// All webhooks of a workspace in the order of their creation.
    package func all(_ workspace: WorkspaceName) async throws(StoreError) -> [Webhook] {
        try await page(workspace, .beginning, limit: .max).webhooks
    }

    /// What one call reads.
    private struct Chunk {
        /// How many webhooks the workspace has.
        let total: Int
        /// How many stand before this chunk.
        let rank: Int
        let ids: [WebhookID]
        let webhooks: [Webhook]

        var hasPrevious: Bool { rank > 0 }
        var hasNext: Bool { rank + ids.count < total }
        var first: WebhookID? { ids.first }
        /// Behind which id the rest of the workspace stands; nil when there is none.
        var continuation: WebhookID? { hasNext ? ids.last : nil }
    }

    private func chunk(
        _ workspace: WorkspaceName, _ position: Position, limit: Int
    ) async throws(StoreError) -> Chunk {
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        switch position {
        case .beginning:
            arguments.append("after" as StaticString)
            arguments.append("" as StaticString)
        case .after(let id):
            arguments.append("after" as StaticString)
            arguments.append { id.append(to: &$0) }
        case .before(let id):
            arguments.append("before" as StaticString)
            arguments.append { id.append(to: &$0) }
        }
        arguments.append(limit)
        for name in WebhookFields.names { arguments.append(name) }
        let reply = try await shard.run(StoreScripts.listWebhooks, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            var ids: [WebhookID] = []
            var webhooks: [Webhook] = []
            ids.reserveCapacity(values.count - 2)
            webhooks.reserveCapacity(values.count - 2)
            for value in values.dropFirst(2) {
                let fields = try value.array(atLeast: 1)
                let id = try fields[0].webhookID()
                ids.append(id)
                if let webhook = try WebhookFields.webhook(id, of: workspace, shard.secrets, fields.dropFirst()) {
                    webhooks.append(webhook)
                }
            }
            return Chunk(
                total: Int(try values[0].integer()), rank: Int(try values[1].integer()), ids: ids, webhooks: webhooks)
        }
    }

    /// A webhook deleted less than a day ago, with the fields that an order may look at; nil when there is none.
    private func deletedWebhook(
        _ workspace: WorkspaceName, _ id: WebhookID
    ) async throws(StoreError) -> Webhook? {
        var command = RedisCommand("HMGET", shard.keys.deleted(workspace, id))
        for name in WebhookFields.names { command.arguments.append(name) }
        let reply = try await shard.execute(command)
        return try decoding { () throws(RedisError) in
            try WebhookFields.webhook(id, of: workspace, shard.secrets, reply.array()[...])
        }
    }
}

/// The matches of a query that is not plain, and where its cursor stands among them.
private struct ListCandidates {
    private let query: ListQuery
    private var matches: [(key: OrderKey, webhook: Webhook)] = []
    private var cursor: OrderKey?

    init(_ query: ListQuery) { self.query = query }

    private var cursorID: WebhookID? {
        switch query.page.position {
        case .beginning: nil
        case .after(let id), .before(let id): id
        }
    }

    /// The cursor, when it was not among the webhooks; it need not match the filter itself.
    var missingCursor: WebhookID? { cursor == nil ? cursorID : nil }

    mutating func consider(_ webhook: Webhook) {
        if webhook.id == cursorID { placeCursor(of: webhook) }
        guard query.filter?.matches(webhook) ?? true else { return }
        matches.append((query.order.key(of: webhook), webhook))
    }

    mutating func placeCursor(of webhook: Webhook) { cursor = query.order.key(of: webhook) }

    /// Sorts and cuts.
    func page() -> WebhookPage {
        var indices = Array(matches.indices)
        if !query.order.isByCreation {
            indices.sort { query.order.precedes(matches[$0].key, matches[$1].key) }
        }
        let range = range(in: indices)
        return WebhookPage(
            webhooks: indices[range].map { matches[$0].webhook }, hasNextPage: range.upperBound < indices.count,
            hasPreviousPage: range.lowerBound > 0, totalCount: indices.count)
    }

    private func range(in indices: [Int]) -> Range<Int> {
        let limit = query.page.limit
        switch query.page.position {
        case .beginning: return 0..<min(limit, indices.count)
        case .after:
            let start = count(in: indices) { key, cursor in !query.order.precedes(cursor, key) }
            return start..<min(start + limit, indices.count)
        case .before:
            let end = count(in: indices) { key, cursor in query.order.precedes(key, cursor) }
            return max(0, end - limit)..<end
        }
    }

    /// How many of the sorted matches stand on the near side of the cursor.
    private func count(in indices: [Int], _ isNear: (OrderKey, OrderKey) -> Bool) -> Int {
        guard let cursor else { return 0 }
        return indices.firstIndex { !isNear(matches[$0].key, cursor) } ?? indices.count
    }
}
