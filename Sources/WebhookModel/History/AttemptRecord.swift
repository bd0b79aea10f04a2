/// An attempt as its webhook's owner may see it: no address, no response, no secret.
package struct AttemptRecord: Hashable, Sendable {
    package let eventID: EventID
    /// The event's name.
    package let event: String
    /// From 1.
    package let number: Int
    /// When it ended, in milliseconds since 1970.
    package let at: Int64
    package let statusCode: Int?
    /// Why it failed; nil when it delivered.
    package let error: AttemptError?
    package let durationMilliseconds: Int
    /// When the next one is due, in milliseconds since 1970; nil when there is none.
    package let willRetryAt: Int64?

    /// Takes what may be shown from a line of the attempt log; nil for what is none.
    package init?(line: [UInt8]) {
        guard let document = try? JSONDocument(line, limits: .registration) else { return nil }
        self.init(document.root)
    }

    init?(_ line: JSONValue) {
        guard let eventID = line.member("eventId")?.string.flatMap({ EventID($0) }),
            let event = line.member("event")?.string, let at = line.member("at")?.integer,
            let number = line.member("attempt")?.integer
        else { return nil }
        self.eventID = eventID
        self.event = event
        self.number = Int(number)
        self.at = at
        statusCode = line.member("statusCode")?.integer.map { Int($0) }
        error = line.member("error")?.string.flatMap { AttemptError(rawValue: $0) }
        durationMilliseconds = line.member("durationMs")?.integer.map { Int($0) } ?? 0
        willRetryAt = line.member("retryInMs")?.integer.map { at + $0 }
    }
}
