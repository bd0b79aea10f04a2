import FoundationEssentials

/// A webhook as the API shows it.
package struct WebhookResource: Decodable, Hashable, Sendable {
    package let id: String
    package let targetUrl: String
    package let operations: [String]
    package let description: String?
    package let isEnabled: Bool
    package let disabledReason: String?
    package let hasSecret: Bool
    package let createdAt: String
    package let updatedAt: String
    /// Only where one webhook is asked for.
    package let health: EndpointHealth?
    /// Only in the answer to a rotation.
    package let previousSecretValidUntil: String?
}

package struct EndpointHealth: Decodable, Hashable, Sendable {
    package let state: String
    package let consecutiveFailures: Int
    package let lastSuccessAt: String?
    package let lastFailureAt: String?
    package let lastFailure: String?
    package let nextAttemptAt: String?
}

package struct PageInfo: Decodable, Hashable, Sendable {
    package let hasNextPage: Bool
    package let hasPreviousPage: Bool
    package let startCursor: String?
    package let endCursor: String?
}

/// A page of webhooks.
package struct WebhookList: Decodable, Hashable, Sendable {
    package let webhooks: [WebhookResource]
    package let pageInfo: PageInfo
    package let totalCount: Int

    package var ids: [String] { webhooks.map(\.id) }

    private enum CodingKeys: CodingKey { case data, pageInfo, totalCount }
    private enum DataKeys: CodingKey { case webhooks }

    package init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: CodingKeys.self)
        webhooks = try root.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
            .decode([WebhookResource].self, forKey: .webhooks)
        pageInfo = try root.decode(PageInfo.self, forKey: .pageInfo)
        totalCount = try root.decode(Int.self, forKey: .totalCount)
    }
}

/// What became of a posted event.
package struct CreatedEvent: Decodable, Hashable, Sendable {
    package let id: String
    package let event: String
    package let duplicate: Bool
}

struct Identified: Decodable, Sendable { let id: String }

/// Every name that `data` may hold; an answer holds exactly one.
struct Payload: Decodable, Sendable {
    var createWebhook: WebhookResource?
    var webhook: WebhookResource?
    var updateWebhook: WebhookResource?
    var rotateWebhookSecret: WebhookResource?
    var deleteWebhook: Identified?
    var createEvent: CreatedEvent?
    var createEvents: [CreatedEvent]?
    var webhookAttempts: [AttemptResource]?
    var replayWebhook: ReplayResult?
    var testWebhook: TestedWebhook?
}

/// What stands in `data`, by its name.
@dynamicMemberLookup
struct AnswerData {
    struct Missing: Error {}

    let payload: Payload

    subscript<Value>(dynamicMember path: KeyPath<Payload, Value?>) -> Value {
        get throws {
            guard let value = payload[keyPath: path] else { throw Missing() }
            return value
        }
    }
}
