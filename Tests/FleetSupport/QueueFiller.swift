package import RedisClient
package import WebhookModel
package import WebhookStore

/// Registers webhooks and stores events as an API node does, straight in Redis: for tests of what comes after it.
package struct QueueFiller: Sendable {
    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    package let shard: Shard
    package let workspace: WorkspaceName

    package init(_ executor: any RedisExecutor, workspace: String = "acme") throws {
        shard = Shard(executor)
        guard let name = WorkspaceName(workspace) else { throw Refused(description: "\(workspace) is no workspace") }
        self.workspace = name
    }

    package func createWebhook(target: String, operations: [String] = ["*"]) async throws -> WebhookID {
        let id = WebhookID.new(milliseconds: milliseconds())
        var change = WebhookChange()
        change.set(targetUrl: target)
        change.set(operations: operations)
        change.set(isEnabled: true)
        try await WebhookStore(shard).create(workspace, id, change)
        return id
    }

    @discardableResult
    package func ingest(_ operation: String = "people.created", count: Int = 1) async throws -> [EventID] {
        var ids: [EventID] = []
        while ids.count < count {
            let events = (0..<min(100, count - ids.count)).map { _ in
                let id = EventID.new(milliseconds: milliseconds())
                return PreparedEvent(id: id, body: Array(body(of: id, operation).utf8))
            }
            let result = try await EventIntake(shard).ingest(events, workspace: workspace)
            guard case .accepted(let accepted) = result else { throw Refused(description: "\(result)") }
            ids += accepted.map(\.id)
        }
        return ids
    }

    private func body(of event: EventID, _ operation: String) -> String {
        #"{"event":"\#(operation)","eventId":"\#(event)","workspaceId":"\#(workspace)","#
            + #""recordId":"r1","record":{"id":"r1","n":1.50,"name":"Zoë"},"timestamp":"2026-04-29T10:30:00.123Z"}"#
    }
}

private func milliseconds() -> Int64 { secondsNow() * 1000 }
