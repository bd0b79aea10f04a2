import RedisClient
package import WebhookModel

/// What is written of a webhook: by name only what changes.
package struct WebhookChange: Sendable {
    /// A value as it is written; a secret is encrypted only when its webhook is known.
    fileprivate enum Value: Sendable {
        case text(String)
        case secret(Secret)
    }

    private(set) fileprivate var fields: [(name: String, value: Value)] = []

    package init() {}

    /// Nothing to write.
    package var isEmpty: Bool { fields.isEmpty }

    package mutating func set(targetUrl: String) { append("targetUrl", targetUrl) }
    package mutating func set(operations: [String]) {
        append("operations", WebhookFields.operationsText(operations))
    }
    package mutating func set(isEnabled: Bool) { append("isEnabled", isEnabled ? "true" : "false") }

    /// nil clears it.
    package mutating func set(description: String?) {
        if let description { append("description", description) } else { append("-description") }
    }

    /// nil clears it; the previous secret of a rotation goes in either case.
    package mutating func set(secret: Secret?) {
        if let secret { fields.append(("secret", .secret(secret))) } else { append("-secret") }
        append("-previousSecret")
        append("-previousSecretUntil")
    }

    /// Replaces the secret; the old one goes on signing beside it for `grace`.
    package mutating func rotate(to secret: Secret, grace: Duration) {
        append(">secret", String(grace.milliseconds))
        fields.append(("secret", .secret(secret)))
    }

    private mutating func append(_ name: String, _ text: String = "") { fields.append((name, .text(text))) }
}

/// The registered webhooks of workspaces.
package struct WebhookStore: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// Registers a webhook.
    ///
    /// - Throws: ``StoreError/limitReached``, ``StoreError/exists``.
    package func create(
        _ workspace: WorkspaceName, _ id: WebhookID, _ change: WebhookChange
    ) async throws(StoreError) {
        _ = try await save(workspace, id, mode: "new", change)
    }

    /// Changes the given fields alone.
    ///
    /// - Throws: ``StoreError/missing``.
    package func update(
        _ workspace: WorkspaceName, _ id: WebhookID, _ change: WebhookChange
    ) async throws(StoreError) {
        _ = try await save(workspace, id, mode: "edit", change)
    }

    private func save(
        _ workspace: WorkspaceName, _ id: WebhookID, mode: StaticString, _ change: WebhookChange
    ) async throws(StoreError) -> RedisValue {
        var arguments = shard.arguments(capacity: 1024, count: 32)
        arguments.append(workspace.text)
        arguments.append { id.append(to: &$0) }
        arguments.append(mode)
        arguments.append(shard.limits.maximumWebhooks)
        for field in change.fields {
            arguments.append(field.name)
            switch field.value {
            case .text(let text): arguments.append(text)
            case .secret(let secret): arguments.append(shard.secrets.seal(secret, workspace, id))
            }
        }
        return try await shard.run(StoreScripts.saveWebhook, arguments)
    }

    /// Deletes a webhook; what waits for it is dropped and counted.
    ///
    /// - Throws: ``StoreError/missing``.
    package func delete(_ workspace: WorkspaceName, _ id: WebhookID) async throws(StoreError) {
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        arguments.append { id.append(to: &$0) }
        _ = try await shard.run(StoreScripts.deleteWebhook, arguments)
    }

    /// One webhook, nil when this workspace has no such id.
    package func find(_ workspace: WorkspaceName, _ id: WebhookID) async throws(StoreError) -> Webhook? {
        var command = RedisCommand("HMGET", shard.keys.webhook(workspace, id))
        for name in WebhookFields.names { command.arguments.append(name) }
        let reply = try await shard.execute(command)
        return try decoding { () throws(RedisError) in
            try WebhookFields.webhook(id, of: workspace, shard.secrets, reply.array()[...])
        }
    }

    /// How the endpoint of a webhook does. Ask only for a webhook that was found in its workspace.
    package func health(_ id: WebhookID) async throws(StoreError) -> EndpointHealth {
        var command = RedisCommand("HMGET", shard.keys.endpoint(id))
        for name in EndpointHealth.fieldNames { command.arguments.append(name) }
        let state = try await shard.execute(command)
        let timer = try await shard.execute(RedisCommand("ZSCORE", shard.keys.timers, id.description))
        return try decoding { () throws(RedisError) in
            try EndpointHealth(state.array(), timer: timer.optionalText().map(milliseconds))
        }
    }
}
