/// The body of a delivery, and the stored body that it is made of.
///
/// A stored body begins `{"event":"people.updated","eventId":"<36 characters>",`; a delivered one has
/// `"webhookId":"<36 characters>",` right behind that and is otherwise the same, byte for byte.
package enum DeliveredBody {
    private static let opening: StaticString = "{\"event\":\""
    private static let beforeEventID: StaticString = "\",\"eventId\":\""
    private static let beforeWebhookID: StaticString = "\"webhookId\":\""
    private static let closing: StaticString = "\","

    /// How much longer a delivered body is than its stored one.
    package static let addedCount = beforeWebhookID.utf8CodeUnitCount + UUIDValue.textLength + closing.utf8CodeUnitCount

    /// What a stored body says of itself at its beginning.
    package struct Head: Hashable, Sendable {
        package let operation: Operation
        package let eventID: EventID
        /// Where the `webhookId` member goes in.
        package let spliceOffset: Int
    }

    /// Reads the beginning of a stored body; nil when it does not begin like one.
    package static func head(of stored: UnsafeRawBufferPointer) -> Head? {
        guard let (name, eventIDStart, spliceOffset) = layout(of: stored),
            let operation = Operation(stored: String(decoding: stored[name], as: UTF8.self)),
            let eventID = EventID(
                ascii: UnsafeRawBufferPointer(rebasing: stored[eventIDStart..<eventIDStart + UUIDValue.textLength]))
        else { return nil }
        return Head(operation: operation, eventID: eventID, spliceOffset: spliceOffset)
    }

    package static func head(of stored: [UInt8]) -> Head? {
        stored.withUnsafeBytes { head(of: $0) }
    }

    /// Where the `webhookId` member goes into a stored body; nil when it does not begin like one.
    package static func spliceOffset(in stored: UnsafeRawBufferPointer) -> Int? {
        layout(of: stored)?.spliceOffset
    }

    package static func spliceOffset(in stored: [UInt8]) -> Int? {
        stored.withUnsafeBytes { spliceOffset(in: $0) }
    }

    /// Appends the body that is delivered to one webhook.
    ///
    /// - Parameter spliceOffset: what ``spliceOffset(in:)`` gave for `stored`.
    package static func append(
        _ stored: UnsafeRawBufferPointer, spliceOffset: Int, webhookID: WebhookID, to output: inout [UInt8]
    ) {
        output.reserveCapacity(output.count + stored.count + addedCount)
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: stored[..<spliceOffset]))
        append(beforeWebhookID, to: &output)
        webhookID.append(to: &output)
        append(closing, to: &output)
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: stored[spliceOffset...]))
    }

    package static func append(
        _ stored: [UInt8], spliceOffset: Int, webhookID: WebhookID, to output: inout [UInt8]
    ) {
        stored.withUnsafeBytes { append($0, spliceOffset: spliceOffset, webhookID: webhookID, to: &output) }
    }

    private static func layout(
        of stored: UnsafeRawBufferPointer
    ) -> (name: Range<Int>, eventIDStart: Int, spliceOffset: Int)? {
        let nameStart = opening.utf8CodeUnitCount
        guard has(opening, in: stored, at: 0),
            let nameEnd = stored[nameStart...].firstIndex(of: UInt8(ascii: "\"")),
            has(beforeEventID, in: stored, at: nameEnd)
        else { return nil }
        let eventIDStart = nameEnd + beforeEventID.utf8CodeUnitCount
        let eventIDEnd = eventIDStart + UUIDValue.textLength
        guard has(closing, in: stored, at: eventIDEnd) else { return nil }
        return (nameStart..<nameEnd, eventIDStart, eventIDEnd + closing.utf8CodeUnitCount)
    }

    private static func has(_ text: StaticString, in bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard offset + count <= bytes.count else { return false }
        return bytes[offset..<offset + count].elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: count))
    }

    private static func append(_ text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes a stored body: the members that all have, then the others in the caller's order.
    struct Writer {
        private var bytes: [UInt8] = []

        init(operation: Operation, eventID: EventID, workspace: WorkspaceName, capacity: Int) {
            bytes.reserveCapacity(capacity)
            DeliveredBody.append(opening, to: &bytes)
            bytes.append(contentsOf: operation.entity.utf8)
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: operation.action.rawValue.utf8)
            DeliveredBody.append(beforeEventID, to: &bytes)
            eventID.append(to: &bytes)
            DeliveredBody.append("\",\"workspaceId\":\"", to: &bytes)
            bytes.append(contentsOf: workspace.text.utf8)
            bytes.append(UInt8(ascii: "\""))
        }

        mutating func member(_ key: StaticString, _ appendValue: (inout [UInt8]) -> Void) {
            DeliveredBody.append(",\"", to: &bytes)
            DeliveredBody.append(key, to: &bytes)
            DeliveredBody.append("\":", to: &bytes)
            appendValue(&bytes)
        }

        consuming func finish() -> [UInt8] {
            bytes.append(UInt8(ascii: "}"))
            return bytes
        }
    }
}
