import NIOCore
import RedisClient
package import WebhookModel

/// What was written down of the attempts to reach a webhook. Ask only for one that was found in its workspace.
package struct AttemptLog: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// At most `limit` attempts, the newest first; of the successes at most one a second was written down.
    package func attempts(
        _ webhook: WebhookID, failedOnly: Bool, limit: Int
    ) async throws(StoreError) -> [AttemptRecord] {
        guard limit > 0 else { return [] }
        let key = failedOnly ? shard.keys.failures(webhook) : shard.keys.attempts(webhook)
        let reply = try await shard.execute(RedisCommand("LRANGE", key, "0", "\(limit - 1)"))
        return try decoding { () throws(RedisError) in
            var attempts: [AttemptRecord] = []
            for value in try reply.array() {
                if let attempt = AttemptRecord(line: Array(try value.bytes().readableBytesView)) {
                    attempts.append(attempt)
                }
            }
            return attempts
        }
    }
}

extension EventIntake {
    /// Stores a test event with one delivery to one webhook, whatever its patterns.
    ///
    /// - Parameter body: What ``TestEvent`` makes.
    /// - Throws: ``StoreError/missing``, ``StoreError/disabled``.
    package func test(
        _ workspace: WorkspaceName, _ webhook: WebhookID, _ event: EventID, body: [UInt8]
    ) async throws(StoreError) {
        var arguments = shard.arguments(capacity: body.count + 256)
        arguments.append(workspace.text)
        arguments.append { webhook.append(to: &$0) }
        arguments.append { event.append(to: &$0) }
        arguments.append(body)
        _ = try await shard.run(StoreScripts.testEvent, arguments)
    }
}
