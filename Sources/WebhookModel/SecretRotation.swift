/// The body of a secret rotation, checked.
package struct SecretRotation: Hashable, Sendable {
    package let secret: Secret
    /// How long the previous secret signs beside the new one, in seconds.
    package let gracePeriodSeconds: Int64

    package static let graceRange: ClosedRange<Int64> = 0...604_800
    package static let defaultGrace: Int64 = 86_400

    package init(secret: Secret, gracePeriodSeconds: Int64 = defaultGrace) {
        self.secret = secret
        self.gracePeriodSeconds = gracePeriodSeconds
    }

    /// Reads the body of `POST /rest/webhooks/{id}/rotate-secret`.
    ///
    /// - Throws: a refusal that names every field that is missing or wrong.
    package static func read(_ body: [UInt8]) throws(RequestRefused) -> SecretRotation {
        var fields = try RegistrationFields(body, policy: RegistrationPolicy())
        var secret: Secret?
        switch fields.body.member("secret").map({ fields.secret($0) }) {
        case .set(let value): secret = value
        case .clear, nil: fields.refuse("secret is required")
        case .keep: break
        }
        var grace: Int64? = defaultGrace
        if let value = fields.body.member("gracePeriodSeconds") {
            grace = value.integer.flatMap { graceRange.contains($0) ? $0 : nil }
            if grace == nil {
                fields.refuse("gracePeriodSeconds must be an integer from 0 to \(graceRange.upperBound)")
            }
        }
        try fields.finish()
        guard let secret, let grace else { preconditionFailure("a field without a value has left a message") }
        return SecretRotation(secret: secret, gracePeriodSeconds: grace)
    }

    /// Changes `webhook`: its secret becomes the previous one, unless it had none or the grace period is zero.
    ///
    /// - Parameter now: milliseconds since 1970.
    package func apply(to webhook: inout Webhook, now: Int64) {
        webhook.previousSecret = webhook.secret.flatMap { old in
            gracePeriodSeconds == 0 ? nil : .init(secret: old, validUntil: now + gracePeriodSeconds * 1000)
        }
        webhook.secret = secret
        webhook.updatedAt = now
    }
}
