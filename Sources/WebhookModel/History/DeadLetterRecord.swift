/// The place of a dead letter in its webhook's list: `<ms>-<eventId>`.
package struct DeadLetterID: Hashable, Sendable, CustomStringConvertible {
    /// Time of death in milliseconds since 1970.
    package let diedAt: Int64
    package let event: EventID

    package init(diedAt: Int64, event: EventID) {
        self.diedAt = diedAt
        self.event = event
    }

    /// nil for what is no such id; whether there is such a letter is another question.
    package init?(_ text: some StringProtocol) {
        guard let hyphen = text.firstIndex(of: "-"), let event = EventID(text[text.index(after: hyphen)...]),
            text[..<hyphen].utf8.count <= 16, text[..<hyphen].utf8.allSatisfy(ASCII.isDigit),
            let diedAt = Int64(text[..<hyphen])
        else { return nil }
        self.init(diedAt: diedAt, event: event)
    }

    package var description: String { "\(diedAt)-\(event)" }
}

/// A delivery that was given up, as its webhook's owner may see it.
package struct DeadLetterRecord: Hashable, Sendable {
    package let id: DeadLetterID
    /// The event's name; nil when neither its body nor an attempt is there any more.
    package let event: String?
    package let reason: String
    /// Attempts made.
    package let attempts: Int
    /// Those of its attempts that were written down, the first one first.
    package let log: [AttemptRecord]

    /// - Parameters:
    ///   - attemptLines: The lines of its attempts, as a JSON array.
    ///   - bodyHead: At least the beginning of the event's stored body; empty when it is gone.
    package init(id: DeadLetterID, reason: String, attempts: Int, attemptLines: [UInt8], bodyHead: [UInt8]) {
        self.id = id
        self.reason = reason
        self.attempts = attempts
        let document = try? JSONDocument(attemptLines, limits: JSONLimits(depth: 64, members: 10_000))
        log = document?.root.elements?.compactMap { AttemptRecord($0) } ?? []
        event = DeliveredBody.head(of: bodyHead)?.operation.name ?? log.first?.event
    }
}
