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
    static func webhook(_ id: WebhookID, _ values: ArraySlice<RedisValue>) throws(RedisError) -> Webhook? {
        guard values.count == names.count else { throw .unexpectedReply("\(values.count) fields of a webhook") }
        var fields = values
        func next() throws(RedisError) -> String? { try fields.removeFirst().optionalText() }
        guard let targetUrl = try next() else { return nil }
        let operations = (try next() ?? "").split(separator: ",").map(String.init)
        let description = try next()
        let secret = readSecret(try next())
        let previous = readSecret(try next())
        let until = try next().flatMap { Int64($0) }
        let isEnabled = try next() != "false"
        let reason = try next().flatMap { Webhook.DisabledReason(rawValue: $0) }
        let createdAt = try next().flatMap { Int64($0) } ?? 0
        let updatedAt = try next().flatMap { Int64($0) } ?? 0
        let version = try next().flatMap { Int64($0) } ?? 0
        return Webhook(
            id: id, targetUrl: targetUrl, operations: operations, description: description, secret: secret,
            previousSecret: previous.flatMap { secret in
                until.map { Webhook.PreviousSecret(secret: secret, validUntil: $0) }
            },
            isEnabled: isEnabled, disabledReason: reason, createdAt: createdAt, updatedAt: updatedAt, version: version)
    }

    private static func readSecret(_ text: String?) -> Secret? {
        guard let text, !text.isEmpty else { return nil }
        return Secret(stored: text)
    }
}
