import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `Posted events` {
    private static let event = #"{"event":"people.created","record":{"id":"1"}}"#

    private func withNode(
        _ change: @Sendable (inout APIConfiguration) -> Void = { _ in },
        _ body: (APIRig, HTTPTestClient) async throws -> Void
    ) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode(change)
        let client = node.client()
        try await body(rig, client)
        await client.close()
    }

    private func batch(_ events: [String]) -> String { #"{"events":[\#(events.joined(separator: ","))]}"# }

    @Test func `are answered 202 once Redis has them, one or a batch in input order`() async throws {
        try await withNode { rig, client in
            let one = try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event)
            #expect(one.status == 202)
            let id = try #require(one.string("data", "createEvent", "id"))
            #expect(UUIDValue(id)?.version == 7)
            #expect(one.text == #"{"data":{"createEvent":{"id":"\#(id)","event":"people.created","duplicate":false}}}"#)
            #expect(try await rig.waitingEvents()[0].hasPrefix(#"{"event":"people.created","eventId":"\#(id)","#))

            let names = ["company.deleted", "person.updated", "task.created"]
            let many = try await client.call(
                .POST, "/rest/events", key: rig.key,
                json: batch(names.enumerated().map { #"{"event":"\#($1)","record":{"id":"\#($0)"}}"# }))
            #expect(many.status == 202)
            let accepted = try #require(many.value("data", "createEvents")?.elements)
            #expect(
                accepted.map { $0.member("event")?.string } == ["company.deleted", "people.updated", "task.created"])
            let stored = try await rig.waitingEvents().dropFirst()
            for (event, body) in zip(accepted, stored) {
                #expect(body.contains(#""eventId":"\#(event.member("id")?.string ?? "?")""#))
            }
            #expect(stored.count == 3)
        }
    }

    @Test func `keep the bytes of their record, less the white space between tokens, and the order of the keys`()
        async throws
    {
        try await withNode { rig, client in
            let record =
                #"{"id":"r","b":1.50,"a":1e-7,"n":12345678901234567890,"s":"a\u00e9\/\"é\u2028😀","x":{"z":[],"y":{}},"t":-0.0}"#
            let spaced =
                "{ \"id\" : \"r\" ,\n\t\"b\":1.50, \"a\" :1e-7,\"n\":12345678901234567890 ,"
                + #""s":"a\u00e9\/\"é\u2028😀" , "x" : {"z":[ ],"y":{ } } ,"t": -0.0 }"#
            let answer = try await client.call(
                .POST, "/rest/events", key: rig.key,
                json:
                    #" { "timestamp" : "2026-04-29T10:30:00+02:00", "updatedFields" : [ "a", "b" ] , "record":\#(spaced) , "#
                    + #""objectMetadataId":"m","event":"person.updated" } "#)
            let id = try #require(answer.string("data", "createEvent", "id"))
            #expect(
                try await rig.waitingEvents() == [
                    #"{"event":"people.updated","eventId":"\#(id)","workspaceId":"acme","objectMetadataId":"m","#
                        + #""recordId":"r","record":\#(record),"updatedFields":["a","b"],"#
                        + #""timestamp":"2026-04-29T10:30:00+02:00"}"#
                ])
        }
    }

    static let refused: [(event: String, message: String)] = [
        (#"{"record":{"id":"1"}}"#, "event is required"),
        (#"{"event":7,"record":{"id":"1"}}"#, "event must be a string"),
        (#"{"event":"people.*","record":{"id":"1"}}"#, #"event "people.*" is not a valid event"#),
        (#"{"event":"*","record":{"id":"1"}}"#, #"event "*" is not a valid event"#),
        (#"{"event":"contact.created","record":{"id":"1"}}"#, #"event "contact.created" is not a valid event"#),
        (#"{"event":"people.created"}"#, "record is required"),
        (#"{"event":"people.created","record":[]}"#, "record must be an object"),
        (#"{"event":"people.created","record":{}}"#, "recordId is required when record.id is not a string"),
        (#"{"event":"people.created","record":{"id":1}}"#, "recordId is required when record.id is not a string"),
        (#"{"event":"people.created","record":{"id":"1"},"recordId":"2"}"#, "recordId must agree with record.id"),
        (#"{"event":"people.created","record":{"id":"1"},"recordId":1}"#, "recordId must be a string"),
        (
            #"{"event":"people.created","record":{"id":"1"},"updatedFields":["a"]}"#,
            "updatedFields is only allowed for updated events"
        ),
        (
            #"{"event":"people.updated","record":{"id":"1"},"updatedFields":[1]}"#,
            "updatedFields must be an array of strings"
        ),
        (
            #"{"event":"people.created","record":{"id":"1"},"timestamp":"yesterday"}"#,
            "timestamp must be an ISO-8601 date-time"
        ),
        (
            #"{"event":"people.created","record":{"id":"1"},"timestamp":"2026-02-30T00:00:00Z"}"#,
            "timestamp must be an ISO-8601 date-time"
        ),
        (#"{"event":"people.created","record":{"id":"1"},"objectMetadataId":1}"#, "objectMetadataId must be a string"),
        (#"{"event":"people.created","record":{"id":"1"},"id":7}"#, "id must be a string"),
        (
            #"{"event":"people.created","record":{"id":"1"},"id":"\#(String(repeating: "é", count: 256))"}"#,
            "id must be at most 255 characters long"
        ),
    ]

    @Test
    func `that are wrong are answered 400 with the field, in a batch with its place, and nothing of it is stored`()
        async throws
    {
        try await withNode { rig, client in
            for (event, message) in Self.refused {
                let one = try await client.call(.POST, "/rest/events", key: rig.key, json: event)
                #expect(one.status == 400 && one.refusal == [message], "\(event): \(one.text)")
                let many = try await client.call(
                    .POST, "/rest/events", key: rig.key, json: batch([Self.event, event, Self.event]))
                #expect(many.status == 400 && many.refusal == ["events[1].\(message)"], "\(many.text)")
            }
            for body in [
                #"{"events":[]}"#, #"{"events":{}}"#, #"{"events":[7]}"#, #"{"events":null}"#,
                #"{"event":"people.created","record":{"id":"1"},"events":[]}"#,
                batch(Array(repeating: Self.event, count: 101)),
            ] {
                let answer = try await client.call(.POST, "/rest/events", key: rig.key, json: body)
                #expect(answer.status == 400 && answer.refusal != nil, "\(answer.text)")
            }
            #expect(try await rig.waitingCount() == 0)
            let full = batch(Array(repeating: Self.event, count: 100))
            #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: full).status == 202)
            #expect(try await rig.waitingCount() == 100)
        }
    }

    @Test func `that are too large are answered 413, each event by the bytes of its own object`() async throws {
        try await withNode { rig, client in
            func event(_ size: Int) -> String {
                let frame = #"{"event":"people.created","record":{"id":"1","x":""}}"#
                return
                    #"{"event":"people.created","record":{"id":"1","x":"\#(String(repeating: "x", count: size - frame.utf8.count))"}}"#
            }
            let limit = 256 << 10
            #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: event(limit)).status == 202)
            let large = try await client.call(.POST, "/rest/events", key: rig.key, json: event(limit + 1))
            #expect(large.status == 413 && large.refusal != nil)
            let many = try await client.call(
                .POST, "/rest/events", key: rig.key, json: batch([event(limit), event(limit + 1)]))
            #expect(many.status == 413 && many.refusal == ["events[1] must be at most 256 KiB"])
            #expect(try await rig.waitingCount() == 1)
            let fifteen = batch(Array(repeating: event(limit), count: 15))
            #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: fifteen).status == 202)
            #expect(try await rig.waitingCount() == 16)
        }
    }

    @Test
    func `with an id of their producer are accepted once, whatever the content, from any number of nodes at once`()
        async throws
    {
        let rig = try await APIRig.start()
        let nodes = [try await rig.startNode(), try await rig.startNode()]
        let answers = try await withThrowingTaskGroup(of: HTTPTestResponse.self) { group in
            for index in 0..<20 {
                group.addTask {
                    let client = nodes[index % 2].client()
                    let answer = try await client.call(
                        .POST, "/rest/events", key: rig.key,
                        json: #"{"event":"people.created","id":"mine {0}:*","record":{"id":"\#(index)"}}"#)
                    await client.close()
                    return answer
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 202 })
        #expect(Set(answers.map { $0.string("data", "createEvent", "id") }).count == 1)
        #expect(answers.count { $0.value("data", "createEvent", "duplicate")?.bool == false } == 1)
        #expect(try await rig.waitingCount() == 1)
        // Twice in one batch: the second is a duplicate of the first.
        let client = nodes[0].client()
        let twice = #"{"event":"people.created","id":"twice","record":{"id":"1"}}"#
        let answer = try await client.call(.POST, "/rest/events", key: rig.key, json: batch([twice, twice]))
        let events = try #require(answer.value("data", "createEvents")?.elements)
        #expect(events.map { $0.member("duplicate")?.bool } == [false, true])
        #expect(events[0].member("id")?.string == events[1].member("id")?.string)
        #expect(try await rig.waitingCount() == 2)
        await client.close()
    }

    @Test
    func `with an Idempotency-Key are answered as the first time, also from two nodes at once; another body is 409`()
        async throws
    {
        let rig = try await APIRig.start()
        let nodes = [try await rig.startNode(), try await rig.startNode()]
        let key: HTTPHeaders = ["idempotency-key": "order 66"]
        let body = batch([Self.event, Self.event])
        let answers = try await withThrowingTaskGroup(of: HTTPTestResponse.self) { group in
            for index in 0..<20 {
                group.addTask {
                    let client = nodes[index % 2].client()
                    let answer = try await client.call(.POST, "/rest/events", key: rig.key, json: body, headers: key)
                    await client.close()
                    return answer
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 202 })
        #expect(Set(answers.map(\.text)).count == 1, "every answer is the first one")
        #expect(answers.count { $0.headers["idempotency-replayed"] == ["true"] } == 19)
        #expect(try await rig.waitingCount() == 2)
        let client = nodes[1].client()
        let other = try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event, headers: key)
        #expect(other.status == 409 && other.refusal != nil)
        // Only a 202 is stored, and the namespace of ids is another.
        let wrong = try await client.call(
            .POST, "/rest/events", key: rig.key, json: "{}", headers: ["idempotency-key": "k2"])
        #expect(wrong.status == 400)
        let right = try await client.call(
            .POST, "/rest/events", key: rig.key,
            json: #"{"event":"people.created","id":"order 66","record":{"id":"1"}}"#,
            headers: ["idempotency-key": "k2"])
        #expect(right.status == 202 && right.text.contains(#""duplicate":false"#))
        for bad in ["", String(repeating: "k", count: 256), "é"] {
            let answer = try await client.call(
                .POST, "/rest/events", key: rig.key, json: Self.event, headers: ["idempotency-key": bad])
            #expect(answer.status == 400, "\(bad)")
        }
        let twice = try await client.call(
            .POST, "/rest/events", key: rig.key, json: Self.event,
            headers: HTTPHeaders([("idempotency-key", "a"), ("idempotency-key", "a")]))
        #expect(twice.status == 400)
        await client.close()
    }

    @Test func `beyond the limit of their workspace are answered 429, beyond that of all 503, both with Retry-After`()
        async throws
    {
        try await withNode({
            $0.limits.maximumWorkspaceBacklog = 3
            $0.limits.maximumBacklog = 100
        }) { rig, client in
            let three = batch(Array(repeating: Self.event, count: 3))
            #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: three).status == 202)
            let refused = try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event)
            #expect(refused.status == 429 && refused.refusal != nil && !refused.headers["retry-after"].isEmpty)
            let part = try await client.call(
                .POST, "/rest/events", key: rig.otherKey, json: batch(Array(repeating: Self.event, count: 4)))
            #expect(part.status == 429, "never part of a batch")
            #expect(try await rig.waitingCount("other") == 0)
            #expect(try await client.call(.POST, "/rest/events", key: rig.otherKey, json: Self.event).status == 202)
        }
        try await withNode({ $0.limits.maximumBacklog = 1 }) { rig, client in
            let refused = try await client.call(
                .POST, "/rest/events", key: rig.key, json: batch([Self.event, Self.event]))
            #expect(refused.status == 503 && refused.refusal != nil && !refused.headers["retry-after"].isEmpty)
            #expect(try await rig.waitingCount() == 0)
        }
    }
}
