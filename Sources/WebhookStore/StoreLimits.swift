/// Bounds that the scripts keep, the same on every node.
package struct StoreLimits: Sendable, Hashable {
    /// Attempts in flight of one endpoint over all nodes (`WEBHOOKS_ENDPOINT_CONCURRENCY`).
    package var endpointConcurrency = 16
    /// Open items in all: events before fan-out and deliveries that are not final (`WEBHOOKS_MAX_BACKLOG`).
    package var maximumBacklog = 1_000_000
    /// The same of one workspace (`WEBHOOKS_MAX_WORKSPACE_BACKLOG`).
    package var maximumWorkspaceBacklog = 300_000
    /// What may wait for one endpoint (`WEBHOOKS_MAX_ENDPOINT_BACKLOG`).
    package var maximumEndpointBacklog = 100_000
    /// Bytes of stored events of a workspace (`WEBHOOKS_MAX_WORKSPACE_BYTES`).
    package var maximumWorkspaceBytes = 1 << 30
    /// Dead letters of a webhook (`WEBHOOKS_MAX_DEAD`).
    package var maximumDeadLetters = 100_000
    /// How long a dead letter is kept (`WEBHOOKS_DEAD_RETENTION`).
    package var deadRetention = Duration.seconds(7 * 86_400)
    /// Webhooks of a workspace (`WEBHOOKS_MAX_WEBHOOKS`).
    package var maximumWebhooks = 10_000

    package init() {}
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
