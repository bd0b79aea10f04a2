/// What became of one posted event.
package struct AcceptedEvent: Hashable, Sendable {
    package let id: EventID
    package let operation: Operation
    /// Whether the producer's id was known: then `id` is that of the event accepted before.
    package let isDuplicate: Bool

    package init(id: EventID, operation: Operation, isDuplicate: Bool) {
        self.id = id
        self.operation = operation
        self.isDuplicate = isDuplicate
    }
}

/// The answers to posted events.
package enum EventJSON {
    package static func accepted(single event: AcceptedEvent) -> [UInt8] {
        var writer = JSONWriter(capacity: 160)
        writer.object { $0.object("data") { $0.object("createEvent") { write(event, to: &$0) } } }
        return writer.bytes
    }

    /// - Parameter events: in input order.
    package static func accepted(batch events: [AcceptedEvent]) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + events.count * 112)
        writer.object { root in
            root.object("data") { data in
                data.array("createEvents") { list in
                    for event in events { list.object { write(event, to: &$0) } }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ event: AcceptedEvent, to object: inout JSONWriter) {
        object.member("id", event.id.uuid)
        object.member("event", event.operation.name)
        object.member("duplicate", event.isDuplicate)
    }
}
