import RedisClient
package import WebhookModel

/// A webhook as a delivery node needs it, or the fact that it is gone.
package struct SubscriptionChange: Sendable {
    package let id: WebhookID
    /// The configuration version of its last change.
    package let version: Int64
    /// nil when the webhook was deleted.
    package let webhook: Webhook?
}

/// What changed in the configuration, as delivery nodes follow it.
package struct SubscriptionFeed: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// The workspaces that changed after a version.
    ///
    /// - Returns: The version now, the version that the list reaches (ask again while they differ), the workspaces.
    package func changes(
        since version: Int64
    ) async throws(StoreError) -> (version: Int64, reached: Int64, workspaces: [WorkspaceName]) {
        var arguments = shard.arguments()
        arguments.append(version)
        let reply = try await shard.run(StoreScripts.changes, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            var names: [WorkspaceName] = []
            for value in values.dropFirst(2) { names.append(try value.workspaceName()) }
            return (try values[0].integer(), milliseconds(try values[1].text()), names)
        }
    }

    /// At most 500 webhooks of a workspace in the order of their last change after `version`.
    package func load(
        _ workspace: WorkspaceName, after version: Int64
    ) async throws(StoreError) -> (version: Int64, more: Bool, changes: [SubscriptionChange]) {
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        arguments.append(version)
        for field in WebhookFields.names { arguments.append(field) }
        let reply = try await shard.run(StoreScripts.load, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            var changes: [SubscriptionChange] = []
            changes.reserveCapacity(values.count - 2)
            for value in values.dropFirst(2) {
                let fields = try value.array(atLeast: 2)
                let id = try fields[0].webhookID()
                changes.append(
                    SubscriptionChange(
                        id: id, version: milliseconds(try fields[1].text()),
                        webhook: try WebhookFields.webhook(
                            id, of: workspace, shard.secrets, fields.dropFirst(2))))
            }
            return (try values[0].integer(), try values[1].integer() == 1, changes)
        }
    }
}
