/// The body of a new registration, checked.
package struct WebhookDraft: Hashable, Sendable {
    /// As submitted.
    package let targetUrl: String
    /// As submitted.
    package let operations: [String]
    package let description: String?
    package let secret: Secret?
    package let isEnabled: Bool

    package init(
        targetUrl: String, operations: [String], description: String? = nil, secret: Secret? = nil,
        isEnabled: Bool = true
    ) {
        self.targetUrl = targetUrl
        self.operations = operations
        self.description = description
        self.secret = secret
        self.isEnabled = isEnabled
    }

    /// Reads the body of `POST /rest/webhooks`.
    ///
    /// - Throws: a refusal that names every field that is missing or wrong. Unknown keys are ignored.
    package static func read(_ body: [UInt8], policy: RegistrationPolicy) throws(RequestRefused) -> WebhookDraft {
        var fields = try RegistrationFields(body, policy: policy)
        var target: String?
        if let value = fields.body.member("targetUrl"), !value.isNull {
            target = fields.targetUrl(value)
        } else {
            fields.refuse("targetUrl is required")
        }
        var operations: [String]?
        if let value = fields.body.member("operations"), !value.isNull {
            operations = fields.operations(value)
        } else {
            fields.refuse("operations is required")
        }
        let description = fields.body.member("description").map { fields.description($0) } ?? .keep
        let secret = fields.body.member("secret").map { fields.secret($0) } ?? .keep
        let isEnabled = fields.body.member("isEnabled").map { fields.isEnabled($0) } ?? true
        try fields.finish()
        guard let target, let operations, let isEnabled else {
            preconditionFailure("a field without a value has left a message")
        }
        return WebhookDraft(
            targetUrl: target, operations: operations, description: description.applied(to: nil),
            secret: secret.applied(to: nil), isEnabled: isEnabled)
    }

    /// The resource that it makes.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - version: the configuration version of the change.
    package func webhook(id: WebhookID, now: Int64, version: Int64) -> Webhook {
        Webhook(
            id: id, targetUrl: targetUrl, operations: operations, description: description, secret: secret,
            isEnabled: isEnabled, createdAt: now, updatedAt: now, version: version)
    }
}
