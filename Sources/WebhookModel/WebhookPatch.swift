/// The body of a change to a registration, checked: only what was given changes.
package struct WebhookPatch: Hashable, Sendable {
    /// nil leaves it.
    package let targetUrl: String?
    /// nil leaves them.
    package let operations: [String]?
    package let description: FieldChange<String>
    /// Anything but ``FieldChange/keep`` drops the previous secret as well.
    package let secret: FieldChange<Secret>
    /// nil leaves it.
    package let isEnabled: Bool?

    package init(
        targetUrl: String? = nil, operations: [String]? = nil, description: FieldChange<String> = .keep,
        secret: FieldChange<Secret> = .keep, isEnabled: Bool? = nil
    ) {
        self.targetUrl = targetUrl
        self.operations = operations
        self.description = description
        self.secret = secret
        self.isEnabled = isEnabled
    }

    /// Reads the body of `PATCH /rest/webhooks/{id}`.
    ///
    /// - Throws: a refusal that names every field that is wrong. Unknown keys are ignored.
    package static func read(_ body: [UInt8], policy: RegistrationPolicy) throws(RequestRefused) -> WebhookPatch {
        var fields = try RegistrationFields(body, policy: policy)
        let targetUrl = given("targetUrl", in: &fields).flatMap { fields.targetUrl($0) }
        let operations = given("operations", in: &fields).flatMap { fields.operations($0) }
        let description = fields.body.member("description").map { fields.description($0) } ?? .keep
        let secret = fields.body.member("secret").map { fields.secret($0) } ?? .keep
        let isEnabled = given("isEnabled", in: &fields).flatMap { fields.isEnabled($0) }
        try fields.finish()
        return WebhookPatch(
            targetUrl: targetUrl, operations: operations, description: description, secret: secret,
            isEnabled: isEnabled)
    }

    /// The value of a field that cannot be cleared.
    private static func given(_ name: StaticString, in fields: inout RegistrationFields) -> JSONValue? {
        guard let value = fields.body.member(name) else { return nil }
        guard !value.isNull else {
            fields.refuse("\(name) must not be null")
            return nil
        }
        return value
    }

    package var isEmpty: Bool { self == WebhookPatch() }

    /// Whether it makes the endpoint's failures be forgotten.
    package var resetsHealth: Bool { targetUrl != nil || isEnabled != nil }

    /// Changes `webhook`; an empty patch changes nothing, not even the time of its last change.
    ///
    /// - Parameter now: milliseconds since 1970.
    package func apply(to webhook: inout Webhook, now: Int64) {
        guard !isEmpty else { return }
        if let targetUrl { webhook.targetUrl = targetUrl }
        if let operations { webhook.operations = operations }
        webhook.description = description.applied(to: webhook.description)
        if secret != .keep {
            webhook.secret = secret.applied(to: webhook.secret)
            webhook.previousSecret = nil
        }
        if let isEnabled {
            webhook.isEnabled = isEnabled
            if isEnabled { webhook.disabledReason = nil }
        }
        webhook.updatedAt = now
    }
}
