/// The body of `POST /rest/webhooks/{id}/replay`, checked.
package struct ReplayRequest: Hashable, Sendable {
    package enum Choice: Hashable, Sendable {
        /// The dead letters of these events.
        case events([EventID])
        /// Those that died from `since` to `until` (milliseconds since 1970; nil for no bound), the oldest first.
        case died(since: Int64?, until: Int64?, limit: Int)
    }

    package static let maximumEvents = 100
    package static let limitRange: ClosedRange<Int64> = 1...1000

    package let choice: Choice
    /// Move nothing, only count.
    package let isDryRun: Bool

    /// - Throws: a refusal that names every field that is wrong. Unknown keys are ignored.
    package static func read(_ body: [UInt8]) throws(RequestRefused) -> ReplayRequest {
        let object = try RequestBody.object(body, limits: .registration)
        var messages: [String] = []
        func given(_ name: StaticString) -> JSONValue? { object.member(name).flatMap { $0.isNull ? nil : $0 } }
        func time(_ name: StaticString) -> Int64? {
            guard let value = given(name) else { return nil }
            if let time = value.string.flatMap({ Timestamp.parse($0) }) { return time }
            messages.append("\(name) must be an ISO-8601 date-time")
            return nil
        }
        let since = time("since")
        let until = time("until")
        var limit = limitRange.upperBound
        if let value = given("limit") {
            if let number = value.integer, limitRange.contains(number) {
                limit = number
            } else {
                messages.append("limit must be an integer from \(limitRange.lowerBound) to \(limitRange.upperBound)")
            }
        }
        var isDryRun = false
        if let value = given("dryRun") {
            if let flag = value.bool { isDryRun = flag } else { messages.append("dryRun must be a boolean") }
        }
        let events = given("eventIds").map { readEvents($0, &messages) }
        if events != nil, given("since") != nil || given("until") != nil || given("limit") != nil {
            messages.append("eventIds must not be given together with since, until or limit")
        }
        guard messages.isEmpty else { throw RequestRefused(messages: messages) }
        let choice = events.map(Choice.events) ?? .died(since: since, until: until, limit: Int(limit))
        return ReplayRequest(choice: choice, isDryRun: isDryRun)
    }

    private static func readEvents(_ value: JSONValue, _ messages: inout [String]) -> [EventID] {
        guard let elements = value.elements, (1...maximumEvents).contains(elements.count) else {
            messages.append("eventIds must be an array of 1 to \(maximumEvents) event ids")
            return []
        }
        var events: [EventID] = []
        for (position, element) in elements.enumerated() {
            if let event = element.string.flatMap({ EventID($0) }) {
                events.append(event)
            } else {
                messages.append("eventIds[\(position)] must be an event id")
            }
        }
        return events
    }
}

/// The body of `POST /rest/webhooks/{id}/test`, checked.
package enum TestRequest {
    /// The operation it names; nil when it leaves that to the webhook.
    ///
    /// - Parameter body: May be empty.
    /// - Throws: a refusal that names the field that is wrong.
    package static func read(_ body: [UInt8], catalog: EntityCatalog) throws(RequestRefused) -> Operation? {
        guard !body.isEmpty else { return nil }
        let object = try RequestBody.object(body, limits: .registration)
        guard let value = object.member("event"), !value.isNull else { return nil }
        guard let text = value.string else { throw RequestRefused("event must be a string") }
        guard let operation = Operation(text, in: catalog) else {
            throw RequestRefused("event \(RegistrationFields.echo(text)) is not a valid event")
        }
        return operation
    }
}
