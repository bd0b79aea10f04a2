/// An event as its producer sent it, checked. It keeps the producer's bytes; nothing is encoded again.
package struct IncomingEvent: Sendable {
    package let operation: Operation
    /// The producer's own id, by which a repeat is recognised; 1 to 255 characters of any text.
    package let producerID: String?
    let record: JSONValue
    /// A string value: the event's `recordId` or the record's `id`.
    let recordID: JSONValue
    let updatedFields: JSONValue?
    let objectMetadataID: JSONValue?
    let timestamp: JSONValue?

    /// The body to store: what will be delivered, less the `webhookId` member that each delivery adds.
    ///
    /// - Parameter now: milliseconds since 1970: the `timestamp` when the producer gave none.
    package func storedBody(eventID: EventID, workspace: WorkspaceName, now: Int64) -> [UInt8] {
        let size =
            record.compactCount + recordID.compactCount + (updatedFields?.compactCount ?? 0)
            + (objectMetadataID?.compactCount ?? 0) + (timestamp?.compactCount ?? 0)
        var body = DeliveredBody.Writer(
            operation: operation, eventID: eventID, workspace: workspace, capacity: size + 384)
        if let objectMetadataID { body.member("objectMetadataId") { objectMetadataID.appendCompact(to: &$0) } }
        body.member("recordId") { recordID.appendCompact(to: &$0) }
        body.member("record") { record.appendCompact(to: &$0) }
        if let updatedFields { body.member("updatedFields") { updatedFields.appendCompact(to: &$0) } }
        body.member("timestamp") { output in
            if let timestamp { return timestamp.appendCompact(to: &output) }
            output.append(UInt8(ascii: "\""))
            Timestamp.append(now, to: &output)
            output.append(UInt8(ascii: "\""))
        }
        return body.finish()
    }
}

/// The event that a webhook's owner sends to it to see whether it works.
package enum TestEvent {
    /// The body to store, in the form of every other: its record is `{"id":"<recordID>","test":true}`.
    ///
    /// - Parameters:
    ///   - eventID: of version 8.
    ///   - now: milliseconds since 1970.
    package static func storedBody(
        operation: Operation, eventID: EventID, workspace: WorkspaceName, recordID: UUIDValue, now: Int64
    ) -> [UInt8] {
        var body = DeliveredBody.Writer(operation: operation, eventID: eventID, workspace: workspace, capacity: 512)
        body.member("recordId") { output in
            output.append(UInt8(ascii: "\""))
            recordID.append(to: &output)
            output.append(UInt8(ascii: "\""))
        }
        body.member("record") { output in
            output.append(contentsOf: "{\"id\":\"".utf8)
            recordID.append(to: &output)
            output.append(contentsOf: "\",\"test\":true}".utf8)
        }
        if operation.action == .updated { body.member("updatedFields") { $0.append(contentsOf: "[]".utf8) } }
        body.member("timestamp") { output in
            output.append(UInt8(ascii: "\""))
            Timestamp.append(now, to: &output)
            output.append(UInt8(ascii: "\""))
        }
        return body.finish()
    }
}
