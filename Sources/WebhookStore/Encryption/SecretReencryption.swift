import RedisClient
import WebhookModel

/// Brings stored secrets under the first key, in bounded steps. It can be stopped at any moment and begun again: what is
/// done is passed over, and a webhook that changes meanwhile is left as its change left it.
package struct SecretReencryption: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// What has been done so far.
    package struct Progress: Sendable, Hashable {
        /// Webhooks looked at.
        package var webhooks = 0
        /// Secrets brought under the first key; two of a webhook whose secret was rotated.
        package var replaced = 0
        /// Secrets that changed while they were worked on; another run finds them as they are now.
        package var changed = 0
        /// Webhooks with a secret that none of the keys decrypts.
        package var unreadable = 0
    }

    /// Webhooks of one call.
    private static let step = 50

    /// Goes through every workspace.
    ///
    /// - Parameter report: told after each step.
    package func run(_ report: (Progress) -> Void = { _ in }) async throws(StoreError) -> Progress {
        var progress = Progress()
        for workspace in try await workspaces() {
            var cursor: WebhookID?
            repeat {
                let page = try await read(workspace, after: cursor)
                try await replace(page, of: workspace, &progress)
                cursor = page.count == Self.step ? page.last?.id : nil
                report(progress)
            } while cursor != nil
        }
        return progress
    }

    /// Every workspace that ever had a webhook.
    private func workspaces() async throws(StoreError) -> [WorkspaceName] {
        let reply = try await shard.execute(RedisCommand("ZRANGE", shard.keys.changed, "0", "-1"))
        return try decoding { () throws(RedisError) in
            var names: [WorkspaceName] = []
            for value in try reply.array() { names.append(try value.workspaceName()) }
            return names
        }
    }

    private struct Stored {
        let id: WebhookID
        let fields: [(name: String, text: String)]
    }

    private func read(_ workspace: WorkspaceName, after cursor: WebhookID?) async throws(StoreError) -> [Stored] {
        let names = ["secret", "previousSecret"]
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        arguments.append("after" as StaticString)
        arguments.append { bytes in cursor?.append(to: &bytes) }
        arguments.append(Self.step)
        for name in names { arguments.append(name) }
        let reply: RedisValue
        do {
            reply = try await shard.run(StoreScripts.listWebhooks, arguments)
        } catch {
            // The webhook that the last step ended with was deleted a day ago: nothing goes on behind it.
            guard error == .unknownCursor else { throw error }
            return []
        }
        return try decoding { () throws(RedisError) in
            var page: [Stored] = []
            for value in try reply.array(atLeast: 2).dropFirst(2) {
                let fields = try value.array(atLeast: 3)
                var texts: [(String, String)] = []
                for (name, field) in zip(names, fields.dropFirst()) {
                    if let text = try field.optionalText(), !text.isEmpty { texts.append((name, text)) }
                }
                page.append(Stored(id: try fields[0].webhookID(), fields: texts))
            }
            return page
        }
    }

    private func replace(
        _ page: [Stored], of workspace: WorkspaceName, _ progress: inout Progress
    ) async throws(StoreError) {
        var arguments = shard.arguments(capacity: 4096, count: 64)
        arguments.append(workspace.text)
        var wanted = 0
        for webhook in page {
            progress.webhooks += 1
            var isUnreadable = false
            for (name, text) in webhook.fields {
                guard case .secret(let secret) = shard.secrets.open(text, workspace, webhook.id) else {
                    isUnreadable = true
                    continue
                }
                guard !shard.secrets.isCurrent(text) else { continue }
                arguments.append { webhook.id.append(to: &$0) }
                arguments.append(name)
                arguments.append(text)
                arguments.append(shard.secrets.seal(secret, workspace, webhook.id))
                wanted += 1
            }
            if isUnreadable { progress.unreadable += 1 }
        }
        guard wanted > 0 else { return }
        let reply = try await shard.run(StoreScripts.reencryptSecrets, arguments)
        let done = try decoding { () throws(RedisError) in Int(try reply.integer()) }
        progress.replaced += done
        progress.changed += wanted - done
    }
}
