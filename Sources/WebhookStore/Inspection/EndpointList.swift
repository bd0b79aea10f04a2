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
                found += try await reports(ids).filter {
                    states.contains($0.state) && $0.workspace == workspace?.text ?? $0.workspace
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
            found += try await reports(ids).filter { states.contains($0.state) }
            guard ids.count == Self.step else { break }
            offset += Self.step
        }
        return Array(found.prefix(limit))
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

    /// How these endpoints do, at most a hundred, in their order; those that are no more are left out.
    private func reports(_ webhooks: [WebhookID]) async throws(StoreError) -> [EndpointReport] {
        guard !webhooks.isEmpty else { return [] }
        var arguments = RedisArguments()
        arguments.append(shard.keys.prefix)
        for webhook in webhooks { arguments.append { webhook.append(to: &$0) } }
        let reply = try await shard.run(StoreScripts.endpoints, arguments)
        return try decoding { () throws(RedisError) in
            var reports: [EndpointReport] = []
            for (webhook, value) in zip(webhooks, try reply.array(atLeast: webhooks.count)) {
                if let report = try Self.report(webhook, try value.array(atLeast: 10)) { reports.append(report) }
            }
            return reports
        }
    }

    private static func report(
        _ webhook: WebhookID, _ values: [RedisValue]
    ) throws(RedisError) -> EndpointReport? {
        var texts: [String] = []
        for value in values { texts.append(try value.text()) }
        guard let state = EndpointReport.State(rawValue: texts[1]) else { return nil }
        func number(_ index: Int) -> Int64? {
            let number = texts[index].isEmpty ? 0 : milliseconds(texts[index])
            return number > 0 ? number : nil
        }
        return EndpointReport(
            webhook: webhook, workspace: texts[0], state: state, consecutiveFailures: number(2) ?? 0,
            lastError: texts[3].isEmpty ? nil : texts[3], lastFailureAt: number(4), lastSuccessAt: number(5),
            nextProbeAt: number(9), inFlight: number(6) ?? 0, waiting: number(7) ?? 0, deadLetters: number(8) ?? 0)
    }
}
