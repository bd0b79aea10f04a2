/// The body of `POST /rest/events`, checked: one event, or a batch that is accepted as a whole or not at all.
package enum EventRequest: Sendable {
    case single(IncomingEvent)
    case batch([IncomingEvent])

    /// The events in input order.
    package var events: [IncomingEvent] {
        switch self {
        case .single(let event): [event]
        case .batch(let events): events
        }
    }

    /// The largest event: the bytes of its JSON object.
    package static let maximumEventBytes = 256 * 1024
    /// The largest body of a batch.
    package static let maximumBatchBytes = 4 * 1024 * 1024
    package static let maximumBatchCount = 100
    /// The members and array elements that one event may hold.
    package static let maximumEventMembers = 10_000
    /// The objects and arrays that may stand inside each other in one event, its own object included.
    package static let maximumEventDepth = 128

    /// A batch puts an object and an array around its events.
    private static let bodyLimits = JSONLimits(
        depth: maximumEventDepth + 2, members: maximumBatchCount * (maximumEventMembers + 1) + 1000)

    /// Reads a body.
    ///
    /// - Throws: a refusal that names every problem of every event, those of a batch with `events[3].` before them; of
    ///   the kind ``RequestRefused/Kind/payloadTooLarge`` when an event or the body is too large.
    package static func read(
        _ body: [UInt8], catalog: EntityCatalog = .standard
    ) throws(RequestRefused) -> EventRequest {
        guard body.count <= maximumBatchBytes else {
            throw RequestRefused(.payloadTooLarge, messages: ["the body must be at most 4 MiB"])
        }
        let root = try RequestBody.object(body, limits: bodyLimits)
        guard let list = root.member("events") else { return .single(try readSingle(root, catalog: catalog)) }
        guard root.member("event") == nil else {
            throw RequestRefused("event and events must not be given together")
        }
        return .batch(try readBatch(list, catalog: catalog))
    }

    private static func readSingle(
        _ root: JSONValue, catalog: EntityCatalog
    ) throws(RequestRefused) -> IncomingEvent {
        guard root.range.count <= maximumEventBytes else {
            throw RequestRefused(.payloadTooLarge, messages: ["the event must be at most 256 KiB"])
        }
        guard root.document.depth <= maximumEventDepth else {
            throw RequestRefused("the event must have at most \(maximumEventDepth) levels")
        }
        var reader = EventReader(prefix: "", catalog: catalog)
        let event = reader.read(root)
        guard let event, reader.messages.isEmpty else { throw RequestRefused(messages: reader.messages) }
        return event
    }

    private static func readBatch(
        _ list: JSONValue, catalog: EntityCatalog
    ) throws(RequestRefused) -> [IncomingEvent] {
        guard let elements = list.elements else { throw RequestRefused("events must be an array") }
        guard !elements.isEmpty else { throw RequestRefused("events must not be empty") }
        guard elements.count <= maximumBatchCount else {
            throw RequestRefused("events must have at most \(maximumBatchCount) elements")
        }
        let tooLarge = elements.indices.filter { elements[$0].range.count > maximumEventBytes }
        guard tooLarge.isEmpty else {
            throw RequestRefused(
                .payloadTooLarge, messages: tooLarge.map { "events[\($0)] must be at most 256 KiB" })
        }
        var messages: [String] = []
        var events: [IncomingEvent] = []
        events.reserveCapacity(elements.count)
        for (position, element) in elements.enumerated() {
            guard element.isObject else {
                messages.append("events[\(position)] must be an object")
                continue
            }
            var reader = EventReader(prefix: "events[\(position)].", catalog: catalog)
            if let event = reader.read(element) { events.append(event) }
            messages += reader.messages
        }
        guard messages.isEmpty else { throw RequestRefused(messages: messages) }
        return events
    }
}
