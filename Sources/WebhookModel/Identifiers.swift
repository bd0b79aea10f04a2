/// The id of an accepted event: ours, never the producer's. Version 7, or version 8 for a test event.
///
/// It is the `eventId` of the delivered body and the `webhook-id` header of every attempt.
package struct EventID: Hashable, Sendable {
    package let uuid: UUIDValue
    package init(_ uuid: UUIDValue) { self.uuid = uuid }
}

/// The id of a registered webhook: a UUID of version 7.
package struct WebhookID: Hashable, Sendable {
    package let uuid: UUIDValue
    package init(_ uuid: UUIDValue) { self.uuid = uuid }
}

extension EventID: Comparable, CustomStringConvertible {
    /// Reads a text form; nil for anything that is no UUID.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUIDValue(text) else { return nil }
        self.uuid = uuid
    }

    package init?(ascii: UnsafeRawBufferPointer) {
        guard let uuid = UUIDValue(ascii: ascii) else { return nil }
        self.uuid = uuid
    }

    /// A new id for an event accepted at `milliseconds` since 1970.
    package static func new(milliseconds: Int64) -> EventID { EventID(.version7(milliseconds: milliseconds)) }

    /// A new id for a test event, told apart from all others by its version.
    package static func newTest(milliseconds: Int64) -> EventID { EventID(.version8(milliseconds: milliseconds)) }

    /// Whether this is the id of a test event, whose attempts are always listed.
    package var isTest: Bool { uuid.version == 8 }

    package func append(to bytes: inout [UInt8]) { uuid.append(to: &bytes) }
    package var description: String { uuid.description }
    package static func < (left: EventID, right: EventID) -> Bool { left.uuid < right.uuid }
}

extension WebhookID: Comparable, CustomStringConvertible {
    /// Reads a text form; nil for anything that is no UUID.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUIDValue(text) else { return nil }
        self.uuid = uuid
    }

    package init?(ascii: UnsafeRawBufferPointer) {
        guard let uuid = UUIDValue(ascii: ascii) else { return nil }
        self.uuid = uuid
    }

    /// A new id for a webhook registered at `milliseconds` since 1970.
    package static func new(milliseconds: Int64) -> WebhookID { WebhookID(.version7(milliseconds: milliseconds)) }

    package func append(to bytes: inout [UInt8]) { uuid.append(to: &bytes) }
    package var description: String { uuid.description }
    package static func < (left: WebhookID, right: WebhookID) -> Bool { left.uuid < right.uuid }
}
