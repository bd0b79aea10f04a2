import Testing

@testable import WebhookModel

@Suite struct DeliveredBodyTests {
    private let eventID = EventID(UUIDValue(high: 0x017F_22E2_79B0_7CC3, low: 0x98C4_DC0C_0C07_398F))
    private let webhookID = WebhookID(UUIDValue(high: 0x0123_4567_89AB_7DEF, low: 0x8123_4567_89AB_CDEF))
    private let now: Int64 = 1_795_424_400_123

    private func workspace() throws -> WorkspaceName { try #require(WorkspaceName("acme")) }

    private func stored(_ body: String) throws -> [UInt8] { try stored(Array(body.utf8)) }

    private func stored(_ body: [UInt8]) throws -> [UInt8] {
        let event = try #require(try EventRequest.read(body).events.first)
        return event.storedBody(eventID: eventID, workspace: try workspace(), now: now)
    }

    private func delivered(_ stored: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        let offset = try #require(DeliveredBody.spliceOffset(in: stored))
        DeliveredBody.append(stored, spliceOffset: offset, webhookID: webhookID, to: &output)
        #expect(output.count == stored.count + DeliveredBody.addedCount)
        return output
    }

    private let start =
        #"{"event":"people.updated","eventId":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","webhookId":"01234567-89ab-7def-8123-456789abcdef","workspaceId":"acme""#

    @Test func `the members stand in the order of the contract`() throws {
        let body = try delivered(
            try stored(
                #"{"timestamp":"2026-04-29T10:30:00.123Z","updatedFields":["jobTitle"],"record":{"id":"r1","jobTitle":"CTO"},"objectMetadataId":"m1","id":"p","event":"person.updated"}"#
            ))
        #expect(
            String(decoding: body, as: UTF8.self) == start
                + #","objectMetadataId":"m1","recordId":"r1","record":{"id":"r1","jobTitle":"CTO"},"updatedFields":["jobTitle"],"timestamp":"2026-04-29T10:30:00.123Z"}"#
        )
    }

    @Test func `optional members are left out, and the time is now without one`() throws {
        let body = try delivered(try stored(#"{"event":"people.updated","record":{"id":"r1"}}"#))
        #expect(
            String(decoding: body, as: UTF8.self) == start
                + #","recordId":"r1","record":{"id":"r1"},"timestamp":"2026-11-23T09:00:00.123Z"}"#)
    }

    @Test(arguments: [
        #"{"id":"1","n":1.50}"#, #"{"id":"1","n":1e-7,"m":-0,"o":12345678901234567890,"p":1E+400}"#,
        #"{"z":1,"id":"1","a":2,"M":3}"#, #"{"id":"1","s":"\u00e9é\/ / \"\\ \u2028"}"#,
        "{\"id\":\"1\",\"s\":\"\u{2028}\u{2029}\u{FEFF}\"}",
        #"{"id":"\u0031","empty":{},"list":[],"null":null,"nested":[[{"id":"other"}]]}"#, #"{"id":"1","<b>":"&'"}"#,
        #"{"id":"1","webhookId":"x","event":"y","eventId":"z","":""}"#,
    ])
    func `a record keeps its bytes`(record: String) throws {
        let body = try delivered(try stored(#"{"event":"people.created","record":\#(record)}"#))
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#","record":\#(record),"timestamp":"#))
    }

    @Test func `a random record loses the white space between its tokens and nothing else`() throws {
        for seed in 0..<400 as Range<UInt64> {
            var random = RandomJSON(seed: 1_000_000 + seed)
            let record = random.record(id: "r\(seed)")
            let request =
                Array(#" { "record" : "#.utf8) + record.spaced + Array(#" , "event" : "task.deleted" } "#.utf8)
            let body = try delivered(try stored(request))
            let expected =
                #"{"event":"task.deleted","eventId":"\#(eventID)","webhookId":"\#(webhookID)","workspaceId":"acme","recordId":"r\#(seed)","record":"#
            #expect(
                body == Array(expected.utf8) + record.compact
                    + Array(#","timestamp":"2026-11-23T09:00:00.123Z"}"#.utf8), "seed \(seed)")
            #expect(throws: Never.self, "seed \(seed)") {
                try JSONDocument(body, limits: JSONLimits(depth: 130, members: 20_000))
            }
        }
    }

    @Test func `every webhook's body differs in its webhookId alone, and every attempt's in nothing`() throws {
        let stored = try stored(#"{"event":"people.updated","record":{"id":"r1"}}"#)
        #expect(try delivered(stored) == delivered(stored))
        var other: [UInt8] = Array("before".utf8)
        let id = WebhookID.new(milliseconds: 9)
        let offset = try #require(DeliveredBody.spliceOffset(in: stored))
        DeliveredBody.append(stored, spliceOffset: offset, webhookID: id, to: &other)
        let expected = String(decoding: try delivered(stored), as: UTF8.self).replacing("\(webhookID)", with: "\(id)")
        #expect(String(decoding: other, as: UTF8.self) == "before" + expected)
    }

    @Test func `a stored body says its event and id`() throws {
        for event in ["company.created", "people.updated", "opportunity.deleted", "task.created"] {
            let body = try stored(#"{"event":"\#(event)","record":{"id":"r1"}}"#)
            let head = try #require(DeliveredBody.head(of: body))
            #expect(head.operation.name == event)
            #expect(head.eventID == eventID)
            #expect(head.spliceOffset == DeliveredBody.spliceOffset(in: body))
        }
    }

    @Test func `bytes that do not begin like a stored body are told apart, wherever they are cut`() throws {
        let body = try stored(#"{"event":"people.updated","record":{"id":"r1"}}"#)
        let head = try #require(DeliveredBody.head(of: body))
        for length in 0..<head.spliceOffset { #expect(DeliveredBody.head(of: Array(body[..<length])) == nil) }
        #expect(DeliveredBody.head(of: Array(body[..<head.spliceOffset])) != nil)
        for text in [
            "{}", "", "{\"event\":\"", "{\"event\":\"people.updated\"}", "x" + String(decoding: body, as: UTF8.self),
            String(decoding: body, as: UTF8.self).replacing("people.updated", with: "people.*"),
            String(decoding: body, as: UTF8.self).replacing("017f22e2", with: "017f22eg"),
            String(decoding: body, as: UTF8.self).replacing("eventId", with: "eventID"),
        ] {
            #expect(DeliveredBody.head(of: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test(arguments: [("people.created", ""), ("people.updated", #""updatedFields":[],"#)])
    func `a test event has the form of every other`(event: String, updated: String) throws {
        let id = EventID.newTest(milliseconds: now)
        let record = UUIDValue.random()
        let stored = TestEvent.storedBody(
            operation: try #require(Operation(event, in: .standard)), eventID: id, workspace: try workspace(),
            recordID: record, now: now)
        #expect(
            String(decoding: stored, as: UTF8.self)
                == #"{"event":"\#(event)","eventId":"\#(id)","workspaceId":"acme","recordId":"\#(record)","record":{"id":"\#(record)","test":true},\#(updated)"timestamp":"2026-11-23T09:00:00.123Z"}"#
        )
        #expect(DeliveredBody.head(of: stored)?.eventID.isTest == true)
    }
}
