import NIOCore
import NIOHTTP1
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `An API key` {
    private static let event = #"{"event":"people.created","record":{"id":"1"}}"#

    @Test
    func
        `that is missing, malformed, unknown, cut, extended or not alone is answered 401 with WWW-Authenticate, always alike`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let key = rig.key
        let wrongSecret = String(key.dropLast(1)) + (key.hasSuffix("A") ? "B" : "A")
        let cases: [HTTPHeaders] = [
            [:], ["authorization": ""], ["authorization": "Bearer"], ["authorization": "Bearer "],
            ["authorization": "Basic \(key)"], ["authorization": key], ["authorization": "Bearer \(key)x"],
            ["authorization": "Bearer \(key.dropLast())"], ["authorization": "Bearer \(wrongSecret)"],
            ["authorization": "Bearer \(APIKeyToken.generate().exposedText)"],
            ["authorization": "Bearer *"], ["authorization": "Bearer wh:{0}:apikey:*"],
            ["authorization": "Bearer \(String(repeating: "a", count: 8000))"],
            ["authorization": "Bearer \(key), Bearer \(key)"], ["authorization": "Bearer \(key) \(key)"],
            [("authorization", "Bearer \(key)"), ("authorization", "Bearer \(key)")].asHeaders,
            ["x-api-key": key], ["cookie": "authorization=Bearer \(key)"], ["proxy-authorization": "Bearer \(key)"],
        ]
        var answers: Set<String> = []
        for headers in cases {
            for (method, target) in [
                (HTTPMethod.GET, "/rest/webhooks"), (.DELETE, "/rest/webhooks/x"), (.POST, "/rest/events"),
            ] {
                let answer = try await client.send(method, target, headers: headers)
                #expect(answer.status == 401, "\(headers) \(answer.text)")
                #expect(answer.headers["www-authenticate"] == ["Bearer"])
                answers.insert(answer.text)
            }
        }
        #expect(answers.count == 1, "nothing tells why")
        #expect(try await client.send(.GET, "/rest/webhooks?authorization=Bearer%20\(key)").status == 401)
        #expect(try await rig.waitingCount() == 0)
        await client.close()
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER"])
    func `is taken with its scheme in any case`(_ scheme: String) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let answer = try await client.send(.GET, "/rest/webhooks", headers: ["authorization": "\(scheme) \(rig.key)"])
        #expect(answer.status == 200)
        await client.close()
    }

    @Test func `that is refused is refused before its body is read`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send(
            "POST /rest/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{"
        )
        let answer = try await connection.answer(within: .seconds(2))
        #expect(answer.status == 401 && answer.isRefusal)
        try await connection.untilClosed(within: .seconds(3))
    }

    @Test func `without the scope for a route is answered 403 and changes nothing`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let id = try await client.createWebhook(rig.key)
        let before = try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text
        let webhook = #"{"targetUrl":"https://example.com/","operations":["*"]}"#
        let requests: [(HTTPMethod, String, String?, Scope)] = [
            (.GET, "/rest/webhooks", nil, [.webhooks, .read]), (.HEAD, "/rest/webhooks", nil, [.webhooks, .read]),
            (.GET, "/rest/webhooks/\(id)", nil, [.webhooks, .read]), (.POST, "/rest/webhooks", webhook, .webhooks),
            (.PATCH, "/rest/webhooks/\(id)", #"{"description":"x"}"#, .webhooks),
            (.POST, "/rest/webhooks/\(id)/rotate-secret", #"{"secret":"abc"}"#, .webhooks),
            (.DELETE, "/rest/webhooks/\(id)", nil, .webhooks), (.POST, "/rest/events", Self.event, .events),
        ]
        for scope in [Scope.webhooks, .events, .read] {
            let key = try await rig.createKey(scopes: scope)
            for (method, target, json, allowed) in requests where allowed.isDisjoint(with: scope) {
                let answer = try await client.call(method, target, key: key, json: json)
                #expect(answer.status == 403, "\(scope.text) \(method) \(target)")
                if method != .HEAD { #expect(answer.refusal != nil) }
            }
        }
        #expect(try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text == before)
        #expect(try await rig.waitingCount() == 0)
        let reader = try await rig.createKey(scopes: .read)
        #expect(try await client.call(.GET, "/rest/webhooks", key: reader).status == 200)
        #expect(try await client.call(.HEAD, "/rest/webhooks/\(id)", key: reader).status == 200)
        await client.close()
    }

    @Test func `that has expired is refused`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let now = wallClockMilliseconds()
        let old = try await rig.createKey(expiresAt: now - 1)
        #expect(try await client.call(.GET, "/rest/webhooks", key: old).status == 401)
        let soon = try await rig.createKey(expiresAt: now + 1500)
        #expect(try await client.call(.GET, "/rest/webhooks", key: soon).status == 200)
        try await eventually("the end of the key") {
            try await client.call(.GET, "/rest/webhooks", key: soon).status == 401
        }
        #expect(wallClockMilliseconds() >= now + 1500)
        await client.close()
    }

    @Test func `that is revoked is refused within a second, also while it is in use`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let key = try await rig.createKey()
        #expect(try await client.call(.GET, "/rest/webhooks", key: key).status == 200)
        try await APIKeyStore(rig.shard).revoke(try #require(APIKeyToken(key)).lookup)
        let revoked = ContinuousClock.now
        try await eventually(within: .seconds(3), "401") {
            try await client.call(.GET, "/rest/webhooks", key: key).status == 401
        }
        #expect(ContinuousClock.now - revoked < .milliseconds(1200))
        await client.close()
    }

    @Test func `in use costs Redis a few look-ups a second, not one a request`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        func lookUps() async throws -> Int {
            let text = try await rig.command(RedisCommand("INFO", "commandstats")).text()
            let line = text.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_hgetall:calls=") }
            return line?.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } ?? 0
        }
        let before = try await lookUps()
        let start = ContinuousClock.now
        for _ in 0..<200 { _ = try await client.call(.GET, "/rest/webhooks?limit=0", key: rig.key) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(Double(try await lookUps() - before) <= 2 * seconds + 2)
        await client.close()
    }

    // MARK: Isolation

    @Test func `reaches nothing of another workspace, on no route and by no parameter`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let client = node.client()
        let id = try await client.createWebhook(rig.key, secret: "of-acme")
        let before = try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text
        let other = rig.otherKey
        let named: HTTPHeaders = ["x-workspace-id": "acme", "x-forwarded-host": "acme"]
        for (method, path, json) in [
            (HTTPMethod.GET, "", nil), (.HEAD, "", nil), (.DELETE, "", #"{"workspaceId":"acme"}"#),
            (.PATCH, "", #"{"isEnabled":false,"workspaceId":"acme"}"#), (.PATCH, "", "{}"),
            (.POST, "/rotate-secret", #"{"secret":"mine"}"#),
        ] as [(HTTPMethod, String, String?)] {
            let answer = try await client.call(
                method, "/rest/webhooks/\(id)\(path)", key: other, json: json, headers: named)
            #expect(answer.status == 404, "\(method) \(path)")
        }
        for query in ["starting_after=\(id)", "ending_before=\(id)"] {
            #expect(try await client.call(.GET, "/rest/webhooks?\(query)", key: other).status == 400)
        }
        for filter in ["id[eq]:\(id)", "or(id[eq]:\(id),isEnabled[eq]:true)", "not(id[eq]:x)"] {
            let list = try await client.call(.GET, "/rest/webhooks?filter=\(filter)", key: other)
            #expect(list.status == 200 && list.text.contains(#""totalCount":0"#), "\(list.text)")
        }
        // The ids of producers and request keys are apart as well.
        let body = #"{"event":"people.created","id":"same","record":{"id":"1"}}"#
        let key: HTTPHeaders = ["idempotency-key": "same"]
        let mine = try await client.call(.POST, "/rest/events", key: rig.key, json: body, headers: key)
        let theirs = try await client.call(.POST, "/rest/events", key: other, json: body, headers: key)
        #expect(mine.status == 202 && theirs.status == 202 && mine.text != theirs.text)
        #expect(theirs.headers["idempotency-replayed"].isEmpty && theirs.text.contains(#""duplicate":false"#))
        #expect(try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text == before)
        await client.close()
    }
}

extension [(String, String)] {
    fileprivate var asHeaders: HTTPHeaders { HTTPHeaders(self) }
}
