import WebhookModel

/// One version of one webhook, ready for the hot path. Belongs to the engine's event loop.
final class CachedWebhook {
    let id: WebhookID
    /// The configuration version of its last change.
    let version: Int64
    let isEnabled: Bool
    /// Without repeats; empty when it is disabled.
    let patterns: [OperationPattern]
    /// Where and how to send; nil when its target is not allowed on this node (any more).
    let destination: Destination?
    /// Until when nothing may be sent because a secret of it cannot be read, milliseconds since 1970.
    let secretUnreadableUntil: Int64?
    /// Whether it is still the version that the cache holds.
    private(set) var isCurrent = true
    var window = FailureWindow()
    /// When a success was last written to its list of attempts.
    var successListed = MonotonicTime.distantPast

    struct Destination {
        let endpoint: PreparedEndpoint
        let signer: WebhookSigner?
    }

    init(_ webhook: Webhook, destination: Destination?) {
        id = webhook.id
        version = webhook.version
        isEnabled = webhook.isEnabled
        patterns = webhook.isEnabled ? Array(Set(webhook.operations.compactMap { OperationPattern(stored: $0) })) : []
        secretUnreadableUntil = webhook.secretUnreadableUntil
        self.destination = destination
    }

    /// Another version, or none, has taken its place.
    func retire() { isCurrent = false }
}
