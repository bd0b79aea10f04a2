import Testing

@testable import WebhookModel

private func read(_ body: [UInt8]) throws(RequestRefused) -> EventRequest { try EventRequest.read(body) }

/// One wrong or missing field of an event, and what is said about it.
private struct WrongEvent: Sendable, CustomTestStringConvertible {
    let body: String
    let messages: [String]

    init(_ body: String, _ messages: String...) {
        self.body = body
        self.messages = messages
    }

    var testDescription: String { String(body.prefix(80)) }

    static let all: [WrongEvent] = [
        WrongEvent("{}", "event is required", "record is required"),
        WrongEvent(#"{"event":null,"record":null}"#, "event is required", "record is required"),
        WrongEvent(#"{"event":1,"record":{"id":"1"}}"#, "event must be a string"),
        WrongEvent(#"{"event":["people.created"],"record":{"id":"1"}}"#, "event must be a string"),
        WrongEvent(#"{"event":"people.*","record":{"id":"1"}}"#, #"event "people.*" is not a valid event"#),
        WrongEvent(#"{"event":"*","record":{"id":"1"}}"#, #"event "*" is not a valid event"#),
        WrongEvent(#"{"event":"","record":{"id":"1"}}"#, #"event "" is not a valid event"#),
        WrongEvent(
            #"{"event":"contact.created","record":{"id":"1"}}"#, #"event "contact.created" is not a valid event"#),
        WrongEvent(#"{"event":"People.created","record":{"id":"1"}}"#, #"event "People.created" is not a valid event"#),
        WrongEvent(#"{"event":"people.created"}"#, "record is required"),
        WrongEvent(#"{"event":"people.created","record":[]}"#, "record must be an object"),
        WrongEvent(#"{"event":"people.created","record":"x"}"#, "record must be an object"),
        WrongEvent(#"{"event":"people.created","record":1}"#, "record must be an object"),
        WrongEvent(#"{"event":"people.created","record":{}}"#, "recordId is required when record.id is not a string"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":1}}"#, "recordId is required when record.id is not a string"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":null}}"#, "recordId is required when record.id is not a string"),
        WrongEvent(#"{"event":"people.created","record":{"id":"1"},"recordId":1}"#, "recordId must be a string"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"recordId":"2"}"#, "recordId must agree with record.id"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":1},"recordId":"1"}"#, "recordId must agree with record.id"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"é"},"recordId":"e\u0301"}"#,
            "recordId must agree with record.id"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"updatedFields":["a"]}"#,
            "updatedFields is only allowed for updated events"),
        WrongEvent(
            #"{"event":"people.deleted","record":{"id":"1"},"updatedFields":[]}"#,
            "updatedFields is only allowed for updated events"),
        WrongEvent(
            #"{"event":"people.updated","record":{"id":"1"},"updatedFields":"a"}"#,
            "updatedFields must be an array of strings"),
        WrongEvent(
            #"{"event":"people.updated","record":{"id":"1"},"updatedFields":["a",1]}"#,
            "updatedFields must be an array of strings"),
        WrongEvent(
            #"{"event":"people.updated","record":{"id":"1"},"updatedFields":{}}"#,
            "updatedFields must be an array of strings"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"timestamp":1}"#, "timestamp must be an ISO-8601 date-time"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"timestamp":"2026-02-30T00:00:00Z"}"#,
            "timestamp must be an ISO-8601 date-time"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"timestamp":"2026-01-01"}"#,
            "timestamp must be an ISO-8601 date-time"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"objectMetadataId":7}"#, "objectMetadataId must be a string"
        ),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"objectMetadataId":"\#(String(repeating: "m", count: 256))"}"#,
            "objectMetadataId must be at most 255 characters long"),
        WrongEvent(#"{"event":"people.created","record":{"id":"1"},"id":7}"#, "id must be a string"),
        WrongEvent(#"{"event":"people.created","record":{"id":"1"},"id":""}"#, "id must not be empty"),
        WrongEvent(
            #"{"event":"people.created","record":{"id":"1"},"id":"\#(String(repeating: "é", count: 256))"}"#,
            "id must be at most 255 characters long"),
        WrongEvent(
            #"{"event":"x","record":{"id":"1"},"recordId":2,"updatedFields":3,"objectMetadataId":4,"timestamp":5,"id":6}"#,
            #"event "x" is not a valid event"#, "recordId must be a string",
            "updatedFields must be an array of strings",
            "objectMetadataId must be a string", "timestamp must be an ISO-8601 date-time", "id must be a string"),
    ]
}

@Suite struct EventRequestTests {
    private let good = #"{"event":"people.created","record":{"id":"1"}}"#

    private func single(_ body: String) throws -> IncomingEvent {
        guard case .single(let event) = try read(bytes(body)) else {
            throw RequestRefused("a single event was expected")
        }
        return event
    }

    @Test func `an event needs its name and its record alone`() throws {
        let event = try single(good)
        #expect(event.operation.name == "people.created")
        #expect(event.producerID == nil)
        #expect(event.recordID.string == "1")
        #expect(event.updatedFields == nil)
        #expect(event.timestamp == nil)
        #expect(event.objectMetadataID == nil)
    }

    @Test func `all fields are read, null counts as absent, unknown ones are ignored`() throws {
        let event = try single(
            #"{"id":"p-1","event":"person.updated","record":{"x":1},"recordId":"r","updatedFields":["x"],"objectMetadataId":"m","timestamp":"2026-01-01T00:00:00+01:00","more":[]}"#
        )
        #expect(event.operation.name == "people.updated")
        #expect(event.producerID == "p-1")
        #expect(event.recordID.string == "r")
        #expect(event.updatedFields?.elements?.count == 1)
        #expect(event.objectMetadataID?.string == "m")
        #expect(event.timestamp?.string == "2026-01-01T00:00:00+01:00")
        let nulls = try single(
            #"{"id":null,"event":"people.created","record":{"id":"1"},"recordId":null,"updatedFields":null,"objectMetadataId":null,"timestamp":null}"#
        )
        #expect(nulls.producerID == nil)
        #expect(nulls.recordID.string == "1")
        #expect(nulls.updatedFields == nil)
    }

    @Test func `the two ids of a record may be written with other escapes`() throws {
        #expect(
            try single(#"{"event":"people.created","record":{"id":"\u0061"},"recordId":"a"}"#).recordID.string == "a")
    }

    @Test func `the longest texts are taken`() throws {
        let text = String(repeating: "\u{1F600}", count: 255)
        let event = try single(
            #"{"event":"people.created","record":{"id":"1"},"id":"\#(text)","objectMetadataId":"\#(text)"}"#)
        #expect(event.producerID == text)
        #expect(event.objectMetadataID?.string == text)
    }

    @Test(arguments: WrongEvent.all)
    private func `everything that is missing or wrong is said at once`(wrong: WrongEvent) {
        #expect(refusal(wrong.body, read) == RequestRefused(messages: wrong.messages))
    }

    @Test(arguments: WrongEvent.all)
    private func `in a batch each message names the event`(wrong: WrongEvent) {
        #expect(
            messages(#"{"events":[\#(good),\#(wrong.body),\#(good),\#(wrong.body)]}"#, read)
                == wrong.messages.map { "events[1].\($0)" } + wrong.messages.map { "events[3].\($0)" })
    }

    @Test func `a batch holds 1 to 100 events in their order`() throws {
        func batch(_ count: Int) -> String {
            let events = (0..<count).map { #"{"event":"task.created","record":{"id":"\#($0)"}}"# }
            return #"{"events":[\#(events.joined(separator: ","))]}"#
        }
        #expect(try read(bytes(batch(1))).events.map(\.recordID.string) == ["0"])
        guard case .batch(let events) = try read(bytes(batch(100))) else {
            Issue.record("a batch was expected")
            return
        }
        #expect(events.map(\.recordID.string) == (0..<100).map { "\($0)" })
        #expect(messages(batch(101), read) == ["events must have at most 100 elements"])
        #expect(messages(batch(0), read) == ["events must not be empty"])
    }

    @Test(arguments: [
        (#"{"events":null}"#, "events must be an array"), (#"{"events":{}}"#, "events must be an array"),
        (#"{"events":"x"}"#, "events must be an array"),
        (#"{"events":[],"event":"people.created"}"#, "event and events must not be given together"),
        (#"{"events":[1]}"#, "events[0] must be an object"), (#"{"events":[[]]}"#, "events[0] must be an object"),
        (#"{"events":[null]}"#, "events[0] must be an object"), ("[]", "the body must be a JSON object"),
        ("null", "the body must be a JSON object"), ("\"people.created\"", "the body must be a JSON object"),
    ])
    func `a body of another shape is refused`(body: String, message: String) {
        #expect(messages(body, read) == [message])
    }

    @Test func `one bad event refuses the whole batch`() {
        #expect(
            messages(#"{"events":[\#(good),{"event":"people.created"}]}"#, read) == ["events[1].record is required"])
    }

    private func event(ofBytes count: Int) -> String {
        let frame = #"{"event":"people.created","record":{"id":"1","x":""}}"#
        return frame.replacing(#""x":"""#, with: #""x":"\#(String(repeating: "x", count: count - frame.utf8.count))""#)
    }

    @Test func `an event of 256 KiB is taken and one byte more is too large`() {
        #expect(refusal(event(ofBytes: 262_144), read) == nil)
        #expect(refusal("  " + event(ofBytes: 262_144) + "\n", read) == nil)
        #expect(
            refusal(event(ofBytes: 262_145), read)
                == RequestRefused(.payloadTooLarge, messages: ["the event must be at most 256 KiB"]))
        #expect(refusal(event(ofBytes: 262_145), read)?.status == 413)
    }

    @Test func `in a batch too each event has that limit and the whole 4 MiB`() {
        let small = good
        #expect(refusal(#"{"events":[\#(small),\#(event(ofBytes: 262_144))]}"#, read) == nil)
        #expect(
            refusal(#"{"events":[\#(small),\#(event(ofBytes: 262_145)),\#(small),\#(event(ofBytes: 262_200))]}"#, read)
                == RequestRefused(
                    .payloadTooLarge,
                    messages: ["events[1] must be at most 256 KiB", "events[3] must be at most 256 KiB"]))
        let full = repeatElement(event(ofBytes: 250_000), count: 16).joined(separator: ",")
        let body = #"{"events":[\#(full)]}"#
        let padded = body + String(repeating: " ", count: 4 * 1024 * 1024 - body.utf8.count)
        #expect(refusal(padded, read) == nil)
        #expect(
            refusal(padded + " ", read)
                == RequestRefused(.payloadTooLarge, messages: ["the body must be at most 4 MiB"]))
    }

    @Test func `an event may have 128 levels, alone and in a batch`() {
        func event(depth: Int) -> String {
            let inner = depth - 2
            return
                #"{"event":"people.created","record":{"id":"1","x":\#(String(repeating: "[", count: inner))\#(String(repeating: "]", count: inner))}}"#
        }
        #expect(refusal(event(depth: 128), read) == nil)
        #expect(messages(event(depth: 129), read) == ["the event must have at most 128 levels"])
        #expect(messages(event(depth: 131), read).first?.contains("more than 130 levels") == true)
        #expect(refusal(#"{"events":[\#(event(depth: 128))]}"#, read) == nil)
        #expect(messages(#"{"events":[\#(event(depth: 129))]}"#, read).first?.contains("more than 130 levels") == true)
    }

    @Test func `an event may have 10,000 members and elements, alone and in a batch`() {
        func event(members: Int) -> String {
            let list = repeatElement("0", count: members - 4).joined(separator: ",")
            return #"{"event":"people.created","record":{"id":"1","x":[\#(list)]}}"#
        }
        #expect(refusal(event(members: 10_000), read) == nil)
        #expect(messages(event(members: 10_001), read) == ["record must have at most 10000 members and elements"])
        let batch = #"{"events":[\#(event(members: 10_000)),\#(event(members: 10_001))]}"#
        #expect(messages(batch, read) == ["events[1].record must have at most 10000 members and elements"])
    }

    @Test func `events of more entities are taken when these are configured`() throws {
        let catalog = try EntityCatalog(additional: ["invoice"])
        let body = bytes(#"{"event":"invoice.created","record":{"id":"1"}}"#)
        #expect(try EventRequest.read(body, catalog: catalog).events.first?.operation.name == "invoice.created")
        #expect(throws: RequestRefused.self) { try EventRequest.read(body) }
    }
}
