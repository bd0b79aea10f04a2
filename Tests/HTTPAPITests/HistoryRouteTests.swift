import NIOCore
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `What happened to a webhook` {
    private struct Stage {
        let rig: APIRig
        let node: APIRig.Node
        let client: HTTPTestClient
        let id: String
        let webhook: WebhookID

        static func set() async throws -> Stage {
            let rig = try await APIRig.start()
            let node = try await rig.startNode()
            let client = node.client()
            let id = try await client.createWebhook(rig.key, operations: #"["task.*"]"#)
            return Stage(rig: rig, node: node, client: client, id: id, webhook: try #require(WebhookID(id)))
        }

        func get(_ path: String, key: String? = nil) async throws -> HTTPTestResponse {
            try await client.call(.GET, "/rest/webhooks/\(id)\(path)", key: key ?? rig.key)
        }

        func post(_ path: String, _ json: String?, key: String? = nil) async throws -> HTTPTestResponse {
            try await client.call(.POST, "/rest/webhooks/\(id)\(path)", key: key ?? rig.key, json: json)
        }

        func line(_ event: EventID, _ attempt: Int, at: Int64, error: AttemptError? = .status) -> [UInt8] {
            AttemptLine(
                at: at, event: event, operation: "task.created", attempt: attempt, statusCode: error == nil ? 204 : 500,
                error: error, retryIn: error == nil ? nil : 1500, duration: 12, phases: .init(),
                remoteAddress: "192.0.2.99:443", detail: "canary-detail", response: Array("canary-response".utf8)
            ).bytes
        }

        /// Dead letters as `finish` writes them, with their events; died at 1000, 1001, …
        func bury(_ count: Int, sameMillisecond: Bool = false) async throws -> [EventID] {
            var events: [EventID] = []
            for index in 0..<count {
                let event = EventID(UUIDValue(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0000 + UInt64(index)))
                let died = sameMillisecond ? 1000 : 1000 + index
                let body = TestEvent.storedBody(
                    operation: Operation(entity: "task", action: .created), eventID: event,
                    workspace: try #require(WorkspaceName("acme")), recordID: .random(), now: 0)
                let lines = [line(event, 1, at: 10), line(event, 2, at: 20, error: .timeout)]
                    .map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
                let keys = rig.shard.keys
                _ = try await rig.command(RedisCommand("SET", keys.event(event), String(decoding: body, as: UTF8.self)))
                _ = try await rig.command(
                    RedisCommand("HSET", keys.letters(webhook), "\(event)", "#2 exhausted [\(lines)]"))
                _ = try await rig.command(RedisCommand("ZADD", keys.dead(webhook), "\(died)", "\(event)"))
                events.append(event)
            }
            return events
        }
    }

    @Test func `is in its attempts, newest first, with no address, no response and no detail`() async throws {
        let stage = try await Stage.set()
        let event = EventID.new(milliseconds: 0)
        let keys = stage.rig.shard.keys
        for (attempt, error) in [(1, AttemptError.status), (2, .dns), (3, nil)] as [(Int, AttemptError?)] {
            var command = RedisCommand("LPUSH", keys.attempts(stage.webhook))
            command.arguments.append(stage.line(event, attempt, at: Int64(attempt) * 1000, error: error))
            _ = try await stage.rig.command(command)
            guard error != nil else { continue }
            var failure = RedisCommand("LPUSH", keys.failures(stage.webhook))
            failure.arguments.append(stage.line(event, attempt, at: Int64(attempt) * 1000, error: error))
            _ = try await stage.rig.command(failure)
        }
        func shown(_ number: Int, _ rest: String) -> String {
            #"{"eventId":"\#(event)","event":"task.created","attempt":\#(number),"at":"1970-01-01T00:00:0\#(number).000Z",\#(rest)}"#
        }
        let third = shown(3, #""outcome":"delivered","statusCode":204,"error":null,"durationMs":12,"willRetryAt":null"#)
        let second = shown(
            2,
            #""outcome":"failed","statusCode":500,"error":"dns","durationMs":12,"willRetryAt":"1970-01-01T00:00:03.500Z""#
        )
        let first = shown(
            1,
            #""outcome":"failed","statusCode":500,"error":"status","durationMs":12,"willRetryAt":"1970-01-01T00:00:02.500Z""#
        )
        #expect(
            try await stage.get("/attempts").text == #"{"data":{"webhookAttempts":[\#(third),\#(second),\#(first)]}}"#)
        #expect(try await stage.get("/attempts?limit=1").text == #"{"data":{"webhookAttempts":[\#(third)]}}"#)
        #expect(
            try await stage.get("/attempts?outcome=failed").text
                == #"{"data":{"webhookAttempts":[\#(second),\#(first)]}}"#)
        #expect(try await stage.get("/attempts?limit=0").text == #"{"data":{"webhookAttempts":[]}}"#)
        for bad in [
            "limit=1001", "limit=-1", "limit=x", "outcome=delivered", "outcome=failed&outcome=failed", "limit=%zz",
        ] {
            #expect(try await stage.get("/attempts?\(bad)").status == 400, "\(bad)")
        }
        await stage.client.close()
    }

    @Test func `is in its dead letters, oldest first, page by page, also while letters go`() async throws {
        let stage = try await Stage.set()
        let events = try await stage.bury(250)
        let one = try await stage.get("/dead-letters?limit=1")
        #expect(
            one.text
                == #"{"data":{"deadLetters":[{"id":"1000-\#(events[0])","eventId":"\#(events[0])","event":"task.created","#
                + #""reason":"exhausted","attempts":2,"firstAttemptAt":"1970-01-01T00:00:00.010Z","#
                + #""diedAt":"1970-01-01T00:00:01.000Z","lastStatusCode":500,"lastError":"timeout"}]},"#
                + #""pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"startCursor":"1000-\#(events[0])","#
                + #""endCursor":"1000-\#(events[0])"},"totalCount":250}"#)
        #expect(!one.text.contains("canary") && !one.text.contains("192.0.2"))
        func ids(_ query: String) async throws -> (ids: [String], next: Bool, previous: Bool) {
            let answer = try await stage.get("/dead-letters?\(query)")
            #expect(answer.status == 200, "\(answer.text)")
            return (
                try #require(answer.value("data", "deadLetters")?.elements).compactMap { $0.member("eventId")?.string },
                answer.value("pageInfo", "hasNextPage")?.bool ?? false,
                answer.value("pageInfo", "hasPreviousPage")?.bool ?? false
            )
        }
        let texts = events.map(\.description)
        let first = try await ids("")
        #expect(first.ids == Array(texts[..<60]) && first.next && !first.previous, "60 by default")
        let all = try await ids("limit=1000")
        #expect(all.ids == texts && !all.next && !all.previous)
        let after = try await ids("limit=150&starting_after=1009-\(texts[9])")
        #expect(after.ids == Array(texts[10..<160]) && after.next && after.previous)
        let before = try await ids("limit=150&ending_before=1200-\(texts[200])")
        #expect(before.ids == Array(texts[50..<200]) && before.next && before.previous)
        let start = try await ids("limit=150&ending_before=1020-\(texts[20])")
        #expect(start.ids == Array(texts[..<20]) && start.next && !start.previous)
        // The letter of a cursor may be gone: its place stays.
        _ = try await stage.rig.command(RedisCommand("ZREM", stage.rig.shard.keys.dead(stage.webhook), texts[9]))
        #expect(try await ids("limit=2&starting_after=1009-\(texts[9])").ids == [texts[10], texts[11]])
        for bad in [
            "starting_after=x", "starting_after=\(texts[0])", "ending_before=1-1", "limit=x",
            "starting_after=1000-\(texts[0])&ending_before=1001-\(texts[1])",
        ] {
            #expect(try await stage.get("/dead-letters?\(bad)").status == 400, "\(bad)")
        }
        await stage.client.close()
    }

    @Test func `of one millisecond is paged without a gap or a repeat`() async throws {
        let stage = try await Stage.set()
        let events = try await stage.bury(7, sameMillisecond: true).map(\.description)
        var seen: [String] = []
        var cursor = ""
        repeat {
            let answer = try await stage.get("/dead-letters?limit=2\(cursor)")
            seen += try #require(answer.value("data", "deadLetters")?.elements).compactMap {
                $0.member("eventId")?.string
            }
            cursor = answer.string("pageInfo", "endCursor").map { "&starting_after=\($0)" } ?? ""
            guard answer.value("pageInfo", "hasNextPage")?.bool == true else { break }
        } while !cursor.isEmpty && seen.count < 20
        #expect(seen == events)
        await stage.client.close()
    }

    @Test func `is replayed by event or by time of death, counted first with dryRun`() async throws {
        let stage = try await Stage.set()
        let events = try await stage.bury(230)
        func replay(_ json: String) async throws -> String {
            let answer = try await stage.post("/replay", json)
            #expect(answer.status == 202, "\(answer.text)")
            return answer.text
        }
        func result(_ replayed: Int, _ remaining: Int) -> String {
            #"{"data":{"replayWebhook":{"replayed":\#(replayed),"remaining":\#(remaining)}}}"#
        }
        #expect(try await replay(#"{"dryRun":true}"#) == result(0, 230))
        #expect(
            try await replay(#"{"eventIds":["\#(events[5])","\#(UUIDValue.random())"],"dryRun":true}"#) == result(0, 1))
        #expect(try await replay(#"{"eventIds":["\#(events[5])","\#(UUIDValue.random())"]}"#) == result(1, 0))
        #expect(
            try await replay(#"{"since":"1970-01-01T00:00:01.010Z","until":"1970-01-01T00:00:01.019Z"}"#)
                == result(10, 0))
        #expect(try await replay(#"{"limit":150}"#) == result(150, 69), "more than one call's worth, the oldest first")
        #expect(try await replay("{}") == result(69, 0))
        let queue = try await stage.rig.command(RedisCommand("LLEN", stage.rig.shard.keys.queue(stage.webhook)))
        #expect(try queue.integer() == 230)
        for (bad, field) in [
            (#"{"eventIds":[]}"#, "eventIds"), (#"{"eventIds":["x"]}"#, "eventIds[0]"),
            (#"{"eventIds":"x"}"#, "eventIds"),
            (#"{"eventIds":["\#(events[0])"],"limit":1}"#, "eventIds"), (#"{"limit":0}"#, "limit"),
            (#"{"limit":1001}"#, "limit"),
            (#"{"since":"yesterday"}"#, "since"), (#"{"until":7}"#, "until"), (#"{"dryRun":"true"}"#, "dryRun"),
            (
                #"{"eventIds":[\#(Array(repeating: "\"\(events[0])\"", count: 101).joined(separator: ","))]}"#,
                "eventIds"
            ),
        ] {
            let answer = try await stage.post("/replay", bad)
            #expect(answer.status == 400)
            #expect(try #require(answer.refusal).contains { $0.hasPrefix(field) }, "\(answer.text)")
        }
        await stage.client.close()
    }

    @Test func `can be tried with a test event of any kind, by default of the first pattern`() async throws {
        let stage = try await Stage.set()
        func event(_ json: String?) async throws -> String {
            let answer = try await stage.post("/test", json)
            #expect(answer.status == 202, "\(answer.text)")
            let id = try #require(answer.string("data", "testWebhook", "eventId").flatMap { EventID($0) })
            #expect(id.isTest)
            return try await stage.rig.command(RedisCommand("GET", stage.rig.shard.keys.event(id))).text()
        }
        #expect(try await event(nil).hasPrefix(#"{"event":"task.created","#), "* becomes created")
        #expect(try await event("{}").hasPrefix(#"{"event":"task.created","#))
        #expect(try await event(#"{"event":null}"#).hasPrefix(#"{"event":"task.created","#))
        let body = try await event(#"{"event":"person.deleted"}"#)
        #expect(body.hasPrefix(#"{"event":"people.deleted","#) && body.contains(#","test":true}"#))
        for bad in [#"{"event":"people.*"}"#, #"{"event":7}"#, "[]", "x"] {
            #expect(try await stage.post("/test", bad).status == 400, "\(bad)")
        }
        let typeless = try await stage.client.send(
            .POST, "/rest/webhooks/\(stage.id)/test", headers: ["authorization": "Bearer \(stage.rig.key)"],
            body: ByteBuffer(string: "{}"))
        #expect(typeless.status == 415)
        await stage.client.close()
    }

    @Test func `is for its own workspace and its scopes, and a disabled webhook is neither replayed nor tested`()
        async throws
    {
        let stage = try await Stage.set()
        let reader = try await stage.rig.createKey(scopes: .read)
        let producer = try await stage.rig.createKey(scopes: .events)
        for path in ["/attempts", "/dead-letters"] {
            #expect(try await stage.get(path, key: reader).status == 200)
            #expect(try await stage.get(path, key: producer).status == 403)
            #expect(try await stage.get(path, key: stage.rig.otherKey).status == 404)
        }
        for path in ["/replay", "/test"] {
            #expect(try await stage.post(path, "{}", key: reader).status == 403)
            #expect(try await stage.post(path, "{}", key: producer).status == 403)
            #expect(try await stage.post(path, "{}", key: stage.rig.otherKey).status == 404)
        }
        _ = try await stage.client.call(
            .PATCH, "/rest/webhooks/\(stage.id)", key: stage.rig.key, json: #"{"isEnabled":false}"#)
        for path in ["/replay", "/test"] {
            let answer = try await stage.post(path, "{}")
            #expect(answer.status == 409 && answer.refusal != nil)
        }
        await stage.client.close()
    }
}
