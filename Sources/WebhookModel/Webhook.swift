/// A registered webhook as it is stored.
package struct Webhook: Hashable, Sendable {
    package let id: WebhookID
    /// Exactly as it was submitted; ``TargetURL`` reads it at each use.
    package var targetUrl: String
    /// Exactly as they were submitted, in their order; ``OperationPattern/init(stored:)`` reads them.
    package var operations: [String]
    package var description: String?
    /// nil means that deliveries carry no signature.
    package var secret: Secret?
    /// The secret before the last rotation, while one is remembered; see ``PreviousSecret/validUntil``.
    package var previousSecret: PreviousSecret?
    /// Until when it must not be sent to because a secret of it cannot be read with the keys of this node, milliseconds
    /// since 1970: the largest number for its secret, else the end of its previous one. Such a secret is nil above.
    package var secretUnreadableUntil: Int64?
    package var isEnabled: Bool
    /// Why the service disabled it; nil while enabled, and when its owner did.
    package var disabledReason: DisabledReason?
    /// Milliseconds since 1970.
    package let createdAt: Int64
    /// Milliseconds since 1970.
    package var updatedAt: Int64
    /// The configuration version of its last change.
    package var version: Int64

    package init(
        id: WebhookID, targetUrl: String, operations: [String], description: String? = nil, secret: Secret? = nil,
        previousSecret: PreviousSecret? = nil, isEnabled: Bool = true, disabledReason: DisabledReason? = nil,
        createdAt: Int64, updatedAt: Int64, version: Int64
    ) {
        self.id = id
        self.targetUrl = targetUrl
        self.operations = operations
        self.description = description
        self.secret = secret
        self.previousSecret = previousSecret
        self.isEnabled = isEnabled
        self.disabledReason = disabledReason
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    /// A rotated secret that still signs beside the new one.
    package struct PreviousSecret: Hashable, Sendable {
        package let secret: Secret
        /// Milliseconds since 1970; from then on it signs no more.
        package let validUntil: Int64

        package init(secret: Secret, validUntil: Int64) {
            self.secret = secret
            self.validUntil = validUntil
        }
    }

    /// Why the service disabled a webhook.
    package enum DisabledReason: String, Hashable, Sendable {
        /// Its receiver answered 410.
        case gone
        /// It failed for five days.
        case failing
    }
}
