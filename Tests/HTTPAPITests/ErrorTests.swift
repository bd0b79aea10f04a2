import NIOCore
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookModel

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `An answer of the API` {
    private static let event = #"{"event":"people.created","record":{"id":"1"}}"#

    @Test(arguments: [
        "/", "/rest", "/rest/", "/rest/webhooks/", "//rest/webhooks", "/rest//webhooks", "/REST/webhooks",
        "/rest/Webhooks",
        "/rest/webhook", "/rest/events/", "/rest/events/1", "/rest/%77ebhooks", "/rest/webhooks/a/b",
        "/rest/./webhooks",
        "/rest/../rest/webhooks", "/health", "/metrics", "/favicon.ico", "/rest/webhooks;a=b",
    ])
    func `to an unknown path is 404 in the envelope`(_ path: String) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let answer = try await client.call(.GET, path, key: rig.key)
        #expect(answer.status == 404 && answer.refusal != nil, "\(answer.text)")
        await client.close()
    }

    @Test func `to a method that a path has not is 405 with Allow, to OPTIONS 204 with Allow and nothing of CORS`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let id = "019a0b6e-3c1e-7f60-8d3a-5d0e8c1b2a34"
        for resource in Routing.resources {
            let path = resource.path.split(separator: "{id}", omittingEmptySubsequences: false).joined(separator: id)
            let allowed = Set(resource.allow.split(separator: ", ").map(String.init))
            for method in [HTTPMethod.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .TRACE, .PROPFIND]
            where !allowed.contains(method.rawValue) {
                let answer = try await client.call(method, path, key: rig.key)
                #expect(answer.status == 405 && answer.headers["allow"] == [resource.allow], "\(method) \(path)")
                if method != .HEAD { #expect(answer.refusal != nil) }
            }
            let options = try await client.send(
                .OPTIONS, path, headers: ["origin": "https://evil.example", "access-control-request-method": "POST"])
            #expect(options.status == 204 && options.headers["allow"] == [resource.allow])
            #expect(options.text.isEmpty)
            #expect(!options.headers.contains { $0.name.lowercased().hasPrefix("access-control") })
        }
        await client.close()
    }

    @Test func `to HEAD is that to GET without its body`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        let client = node.client()
        let id = try await client.createWebhook(rig.key)
        for target in ["/rest/webhooks", "/rest/webhooks/\(id)", "/rest/webhooks/x", "/health/live"] {
            let get = try await client.call(.GET, target, key: rig.key)
            await connection.send(
                "HEAD \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(rig.key)\r\n\r\n"
                    + "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await connection.answer(isHead: true)
            #expect(head.status == get.status && head.field("content-length") == "\(get.body.readableBytes)")
            #expect(head.field("content-type") == get.headers.first(name: "content-type"))
            #expect(try await connection.answer().body == #"{"status":"ok"}"#, "nothing stands between the two answers")
        }
        await client.close()
        await connection.close()
    }

    @Test func `to a body of another type or in a Content-Encoding is 415`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let authorization = ("authorization", "Bearer \(rig.key)")
        let cases: [([(String, String)], Int)] = [
            ([("content-type", "application/json")], 202), ([("content-type", "application/json; charset=utf-8")], 202),
            ([("content-type", "Application/JSON;charset=\"UTF-8\"")], 202), ([], 415), ([("content-type", "")], 415),
            ([("content-type", "text/json")], 415), ([("content-type", "application/x-www-form-urlencoded")], 415),
            ([("content-type", "application/json; charset=utf-16")], 415),
            ([("content-type", "application/json5")], 415),
            ([("content-type", "application/json"), ("content-type", "application/json")], 415),
            ([("content-type", "application/json"), ("content-encoding", "gzip")], 415),
            ([("content-type", "application/json"), ("content-encoding", "identity")], 415),
        ]
        for (fields, status) in cases {
            let answer = try await client.send(
                .POST, "/rest/events", headers: HTTPHeaders([authorization] + fields),
                body: ByteBuffer(string: Self.event))
            #expect(answer.status == status, "\(fields): \(answer.text)")
        }
        await client.close()
    }

    @Test(arguments: [
        "", "null", "[]", "7", "\"a\"", "{", "{\"a\":1,}", "{\"a\":1}x", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":1e}",
        "{\"a\":NaN}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\u{1}\"}", "\u{feff}{}", "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}", "{\"a\":/*c*/1}",
        "{\"event\":\"people.created\",\"record\":{\"id\":\"1\"},\"record\":{\"id\":\"2\"}}",
    ])
    func `to a body that is no strict JSON object is 400 on every route that takes one`(_ json: String) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let id = try await client.createWebhook(rig.key)
        for (method, path) in [
            (HTTPMethod.POST, "/rest/events"), (.POST, "/rest/webhooks"), (.PATCH, "/rest/webhooks/\(id)"),
            (.POST, "/rest/webhooks/\(id)/rotate-secret"), (.POST, "/rest/webhooks/\(id)/replay"),
        ] {
            let answer = try await client.call(method, path, key: rig.key, json: json)
            #expect(answer.status == 400 && answer.refusal != nil, "\(path): \(answer.text)")
        }
        #expect(try await rig.waitingCount() == 0)
        await client.close()
    }

    @Test func `to bytes that are no UTF-8, or too deep, or too many, is 400`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let headers: HTTPHeaders = ["authorization": "Bearer \(rig.key)", "content-type": "application/json"]
        let prefix = Array(#"{"event":"people.created","record":{"id":"1","x":"#.utf8)
        func status(_ value: [UInt8]) async throws -> Int {
            let body = prefix + value + Array("}}".utf8)
            return try await client.send(.POST, "/rest/events", headers: headers, body: ByteBuffer(bytes: body)).status
        }
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(try await status([0x22, 0xFF, 0x22]) == 400)
        #expect(try await status([0x22, 0xC0, 0x80, 0x22]) == 400)
        #expect(try await status([0x22, 0xED, 0xA0, 0x80, 0x22]) == 400, "a surrogate in UTF-8")
        #expect(try await status(nested(126)) == 202)
        #expect(try await status(nested(127)) == 400)
        #expect(try await status(nested(100_000)) == 400, "no stack is overrun")
        #expect(try await status(Array((String(repeating: "1", count: 400)).utf8)) == 202)
        #expect(try await status(Array((String(repeating: "1", count: 401)).utf8)) == 400)
        #expect(try await status(Array("[\(String(repeating: "0,", count: 9_990))0]".utf8)) == 202)
        #expect(try await status(Array("[\(String(repeating: "0,", count: 10_000))0]".utf8)) == 400)
        let utf16 = Array(Self.event.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        #expect(
            try await client.send(.POST, "/rest/events", headers: headers, body: ByteBuffer(bytes: utf16)).status == 400
        )
        #expect(try await client.send(.GET, "/health/live").status == 200)
        await client.close()
    }

    @Test
    func `without Redis is 503 with Retry-After, readiness is red within two seconds and green again within five`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        _ = try await client.call(.GET, "/rest/webhooks", key: rig.key)
        rig.redis.kill()
        let killed = ContinuousClock.now
        try await eventually(within: .seconds(3), "red readiness") {
            try await client.send(.GET, "/health/ready").status == 503
        }
        #expect(ContinuousClock.now - killed < .seconds(2))
        let answer = try await client.send(.GET, "/health/ready")
        #expect(answer.text == #"{"status":"unavailable"}"#, "the status alone")
        for (method, target, json) in [(HTTPMethod.POST, "/rest/events", Self.event), (.GET, "/rest/webhooks", nil)]
            as [(HTTPMethod, String, String?)]
        {
            let refused = try await client.call(method, target, key: rig.key, json: json)
            #expect(refused.status == 503 && refused.refusal != nil && !refused.headers["retry-after"].isEmpty)
        }
        #expect(try await client.send(.GET, "/health/live").status == 200)
        try await rig.redis.restart()
        let back = ContinuousClock.now
        try await eventually(within: .seconds(6), "green readiness") {
            try await client.send(.GET, "/health/ready").status == 200
        }
        #expect(ContinuousClock.now - back < .seconds(5))
        let key = try await rig.createKey()
        #expect(try await client.call(.POST, "/rest/events", key: key, json: Self.event).status == 202)
        await client.close()
    }

    @Test func `of a node whose Redis hangs comes within the Redis time, and readiness is red within two seconds`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.redis.commandTimeout = .milliseconds(500) }
        let client = node.client()
        rig.redis.pause()
        let start = ContinuousClock.now
        let refused = try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event)
        #expect(refused.status == 503 && !refused.headers["retry-after"].isEmpty)
        #expect(ContinuousClock.now - start < .milliseconds(1500), "one deadline for all commands of the request")
        try await eventually(within: .seconds(2), "red readiness") {
            try await client.send(.GET, "/health/ready").status == 503
        }
        #expect(ContinuousClock.now - start < .seconds(2))
        rig.redis.resume()
        try await eventually(within: .seconds(5), "green readiness") {
            try await client.send(.GET, "/health/ready").status == 200
        }
        #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event).status == 202)
        await client.close()
    }

    @Test func `of a full Redis is 503 with Retry-After for events, while webhooks are still read and deleted`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let id = try await client.createWebhook(rig.key)
        _ = try await rig.command(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
        let refused = try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event)
        #expect(refused.status == 503 && refused.refusal != nil && !refused.headers["retry-after"].isEmpty)
        #expect(try await rig.waitingCount() == 0)
        #expect(try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).status == 200)
        #expect(try await client.call(.DELETE, "/rest/webhooks/\(id)", key: rig.key).status == 200)
        _ = try await rig.command(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
        #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: Self.event).status == 202)
        await client.close()
    }
}
