import RedisClient
import WebhookModel

/// How a webhook's hash spells the fields of ``Webhook``.
enum WebhookFields {
    static let names = [
        "targetUrl", "operations", "description", "secret", "previousSecret", "previousSecretUntil", "isEnabled",
        "disabledReason", "createdAt", "updatedAt", "version",
    ]

    /// Patterns hold no comma, so the list is readable as it stands.
    static func operationsText(_ operations: [String]) -> String { operations.joined(separator: ",") }

    /// The webhook whose values, in the order of ``names``, these are; nil when there is none.
    static func webhook(
        _ id: WebhookID, of workspace: WorkspaceName, _ secrets: SecretBox, _ values: ArraySlice<RedisValue>
    ) throws(RedisError) -> Webhook? {
        guard values.count == names.count else { throw .unexpectedReply("\(values.count) fields of a webhook") }
        var fields = values
        func next() throws(RedisError) -> String? { try fields.removeFirst().optionalText() }
        guard let targetUrl = try next() else { return nil }
        let operations = (try next() ?? "").split(separator: ",").map(String.init)
        let description = try next()
        var unreadableUntil: Int64?
        func open(_ text: String?) -> Secret? {
            guard let text, !text.isEmpty else { return nil }
            if case .secret(let secret) = secrets.open(text, workspace, id) { return secret }
            unreadableUntil = .max
            return nil
        }
        let secret = open(try next())
        let currentUnreadableUntil = unreadableUntil
        let previous = open(try next())
        let until = try next().flatMap { Int64($0) }
        // A previous secret is needed for as long as it signs too.
        if currentUnreadableUntil == nil, unreadableUntil != nil { unreadableUntil = until }
        let isEnabled = try next() != "false"
        let reason = try next().flatMap { Webhook.DisabledReason(rawValue: $0) }
        let createdAt = try next().flatMap { Int64($0) } ?? 0
        let updatedAt = try next().flatMap { Int64($0) } ?? 0
        let version = try next().flatMap { Int64($0) } ?? 0
        var webhook = Webhook(
            id: id, targetUrl: targetUrl, operations: operations, description: description, secret: secret,
            previousSecret: previous.flatMap { secret in
                until.map { Webhook.PreviousSecret(secret: secret, validUntil: $0) }
            },
            isEnabled: isEnabled, disabledReason: reason, createdAt: createdAt, updatedAt: updatedAt, version: version)
        webhook.secretUnreadableUntil = unreadableUntil
        return webhook
    }
}
