/// What `GET /rest/webhooks/{id}/attempts` is asked for.
package struct AttemptsQuery: Hashable, Sendable {
    /// As many attempts as are kept.
    package static let maximum = 100

    package let limit: Int
    /// Only those that failed.
    package let failedOnly: Bool

    package static let parameters: Set<String> = ["limit", "outcome"]

    /// Reads a raw query string.
    ///
    /// - Throws: a refusal that names every parameter that is wrong.
    package static func read(_ rawQuery: some StringProtocol) throws(RequestRefused) -> AttemptsQuery {
        let query = try QueryString(rawQuery, known: parameters)
        var messages: [String] = []
        let page = PageRequest<EventID>(query, messages: &messages) { _ in nil }
        let outcome = query["outcome"]
        if let outcome, outcome != "failed" { messages.append("outcome must be failed") }
        guard let page, messages.isEmpty else { throw RequestRefused(messages: messages) }
        return AttemptsQuery(
            limit: query["limit"] == nil ? maximum : min(page.limit, maximum), failedOnly: outcome != nil)
    }
}

/// What `GET /rest/webhooks/{id}/dead-letters` is asked for.
package enum DeadLettersQuery {
    package static let parameters: Set<String> = ["limit", "starting_after", "ending_before"]

    /// Reads a raw query string.
    ///
    /// - Throws: a refusal that names every parameter that is wrong.
    package static func read(_ rawQuery: some StringProtocol) throws(RequestRefused) -> PageRequest<DeadLetterID> {
        let query = try QueryString(rawQuery, known: parameters)
        var messages: [String] = []
        guard let page = PageRequest(query, messages: &messages, cursor: { DeadLetterID($0) }) else {
            throw RequestRefused(messages: messages)
        }
        return page
    }
}
