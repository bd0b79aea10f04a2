import NIOHTTP1

/// One attempt to reach a webhook.
package struct AttemptResource: Decodable, Hashable, Sendable {
    package let eventId: String
    package let event: String
    /// The first is 1.
    package let attempt: Int
    package let at: String
    /// `delivered` or `failed`.
    package let outcome: String
    package let statusCode: Int?
    package let error: String?
    package let durationMs: Int
    package let willRetryAt: String?
}

/// A delivery that was given up.
package struct DeadLetterResource: Decodable, Hashable, Sendable {
    package let id: String
    package let eventId: String
    package let event: String?
    package let reason: String
    package let attempts: Int
    package let firstAttemptAt: String?
    package let diedAt: String
    package let lastStatusCode: Int?
    package let lastError: String?
}

/// A page of dead letters.
package struct DeadLetterList: Decodable, Hashable, Sendable {
    package let deadLetters: [DeadLetterResource]
    package let pageInfo: PageInfo
    package let totalCount: Int

    private enum CodingKeys: CodingKey { case data, pageInfo, totalCount }
    private enum DataKeys: CodingKey { case deadLetters }

    package init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: CodingKeys.self)
        deadLetters = try root.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
            .decode([DeadLetterResource].self, forKey: .deadLetters)
        pageInfo = try root.decode(PageInfo.self, forKey: .pageInfo)
        totalCount = try root.decode(Int.self, forKey: .totalCount)
    }
}

/// What a replay moved.
package struct ReplayResult: Decodable, Hashable, Sendable {
    package let replayed: Int
    /// How many match still.
    package let remaining: Int

    package init(replayed: Int, remaining: Int) {
        self.replayed = replayed
        self.remaining = remaining
    }
}

/// Which dead letters to replay; nil leaves a field out.
package struct ReplayChoice: Encodable, Sendable {
    package var eventIds: [String]?
    package var since: String?
    package var until: String?
    package var limit: Int?
    package var dryRun: Bool?

    package init(
        eventIds: [String]? = nil, since: String? = nil, until: String? = nil, limit: Int? = nil, dryRun: Bool? = nil
    ) {
        self.eventIds = eventIds
        self.since = since
        self.until = until
        self.limit = limit
        self.dryRun = dryRun
    }
}

struct TestedWebhook: Decodable, Sendable { let eventId: String }

extension RESTClient {
    /// The last attempts of a webhook, the newest first.
    package func attempts(_ id: String, failedOnly: Bool = false, limit: Int? = nil) async throws -> [AttemptResource] {
        let query = [failedOnly ? "outcome=failed" : nil, limit.map { "limit=\($0)" }].compactMap { $0 }
        return try await call(
            .GET, "/rest/webhooks/\(id)/attempts?\(query.joined(separator: "&"))", expecting: 200
        ).webhookAttempts
    }

    /// What could not be delivered, the oldest first.
    package func deadLetters(
        _ id: String, _ parameters: ListParameters = ListParameters()
    ) async throws -> DeadLetterList {
        try await answer(.GET, "/rest/webhooks/\(id)/dead-letters?\(parameters.encoded)", expecting: 200)
    }

    package func replay(_ id: String, _ choice: ReplayChoice = ReplayChoice()) async throws -> ReplayResult {
        try await call(.POST, "/rest/webhooks/\(id)/replay", body: json(choice), expecting: 202).replayWebhook
    }

    /// Sends a test event and gives its id.
    ///
    /// - Parameter event: The operation; nil sends no body.
    package func test(_ id: String, event: String? = nil) async throws -> String {
        try await call(
            .POST, "/rest/webhooks/\(id)/test", body: event.map { #"{"event":"\#($0)"}"# }, expecting: 202
        ).testWebhook.eventId
    }
}
