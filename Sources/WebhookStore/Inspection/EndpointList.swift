import RedisClient
package import WebhookModel

/// An endpoint as operators see it.
package struct EndpointReport: Sendable, Hashable {
    /// The states of the endpoint's hash.
    package enum State: String, Sendable, Hashable, CaseIterable {
        case ok
        /// Failures on record, but everything is sent.
        case failing
        /// Nothing is sent until the time of the probe.
        case open
        /// One probe may be sent.
        case half
        case disabled
    }

    package let webhook: WebhookID
    package let workspace: String
    package let state: State
    package let consecutiveFailures: Int64
    package let lastError: String?
    /// Times in milliseconds since 1970.
    package let lastFailureAt: Int64?
    package let lastSuccessAt: Int64?
    /// When the next probe is due, while it is open.
    package let nextProbeAt: Int64?
    package let inFlight: Int64
    package let waiting: Int64
    package let deadLetters: Int64
}

/// Lists endpoints, in steps that hold Redis up for a moment only.
package struct EndpointList: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// At most `limit` endpoints in one of `states`, of one workspace or of all.
    ///
    /// Open and half-open ones come from their index, the longest failing first; others are looked for workspace by
    /// workspace.
    package func list(
        states: Set<EndpointReport.State>, workspace: WorkspaceName? = nil, limit: Int
    ) async throws(StoreError) -> [EndpointReport] {
        var found: [EndpointReport] = []
        if states.isSubset(of: [.open, .half]) {
            var offset = 0
            while found.count < limit {
                let ids = try await page(of: shard.keys.failing, offset)
                for id in ids {
                    guard let report = try await report(id), states.contains(report.state) else { continue }
                    if workspace.map({ $0.text == report.workspace }) ?? true { found.append(report) }
                }
                guard ids.count == Self.step else { break }
                offset += Self.step
            }
            return Array(found.prefix(limit))
        }
        var names: [WorkspaceName] = workspace.map { [$0] } ?? []
        var offset = 0
        repeat {
            if workspace == nil { names = try await workspaces(offset) }
            for name in names {
                found += try await list(states, of: name, limit: limit - found.count)
                if found.count >= limit { return found }
            }
            offset += Self.step
        } while workspace == nil && names.count == Self.step
        return found
    }

    private static let step = 100

    private func list(
        _ states: Set<EndpointReport.State>, of workspace: WorkspaceName, limit: Int
    ) async throws(StoreError) -> [EndpointReport] {
        var found: [EndpointReport] = []
        var offset = 0
        while found.count < limit {
            let ids = try await page(of: shard.keys.webhooks(workspace), offset)
            for id in ids where found.count < limit {
                if let report = try await report(id), states.contains(report.state) { found.append(report) }
            }
            guard ids.count == Self.step else { break }
            offset += Self.step
        }
        return found
    }

    private func page(of key: String, _ offset: Int) async throws(StoreError) -> [WebhookID] {
        let reply = try await shard.execute(RedisCommand("ZRANGE", key, "\(offset)", "\(offset + Self.step - 1)"))
        return try decoding { () throws(RedisError) in
            var ids: [WebhookID] = []
            for value in try reply.array() { ids.append(try value.webhookID()) }
            return ids
        }
    }

    private func workspaces(_ offset: Int) async throws(StoreError) -> [WorkspaceName] {
        let reply = try await shard.execute(
            RedisCommand("ZRANGE", shard.keys.changed, "\(offset)", "\(offset + Self.step - 1)"))
        return try decoding { () throws(RedisError) in
            var names: [WorkspaceName] = []
            for value in try reply.array() { names.append(try value.workspaceName()) }
            return names
        }
    }

    /// What is known of one endpoint; nil when there is none, or none any more.
    package func report(_ webhook: WebhookID) async throws(StoreError) -> EndpointReport? {
        let keys = shard.keys
        let fields = try await shard.execute(
            RedisCommand(
                "HMGET", keys.endpoint(webhook), "ws", "state", "fails", "lastError", "failedAt", "okAt", "inflight"))
        let waiting = try await shard.execute(RedisCommand("LLEN", keys.queue(webhook)))
        let dead = try await shard.execute(RedisCommand("ZCARD", keys.dead(webhook)))
        let timer = try await shard.execute(RedisCommand("ZSCORE", keys.timers, "\(webhook)"))
        return try decoding { () throws(RedisError) in
            var texts: [String?] = []
            for value in try fields.array(atLeast: 7) { texts.append(try value.optionalText()) }
            guard let workspace = texts[0], let state = texts[1].flatMap({ EndpointReport.State(rawValue: $0) }) else {
                return nil
            }
            func number(_ text: String?) -> Int64? { text.flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } }
            return EndpointReport(
                webhook: webhook, workspace: workspace, state: state, consecutiveFailures: number(texts[2]) ?? 0,
                lastError: texts[3].flatMap { $0.isEmpty ? nil : $0 }, lastFailureAt: number(texts[4]),
                lastSuccessAt: number(texts[5]), nextProbeAt: try timer.optionalText().map { milliseconds($0) },
                inFlight: number(texts[6]) ?? 0, waiting: try waiting.integer(), deadLetters: try dead.integer())
        }
    }
}
