import NIOHTTP1
import TestSupport
import Testing

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `A connection to the API` {
    private static let host = "Host: api.example.com\r\n"

    private static func event(_ key: String, _ id: Int, more: String = "") -> String {
        let body = #"{"event":"people.created","record":{"id":"\#(id)"}}"#
        return "POST /rest/events HTTP/1.1\r\n\(host)Authorization: Bearer \(key)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
    }

    // MARK: Malformed requests

    /// Shapes that two servers could read differently, or that are no HTTP.
    static let hostile: [(name: String, request: String)] = {
        let post = "POST /rest/events HTTP/1.1\r\n\(host)"
        return [
            ("both lengths", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("both lengths, the other way", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
            ("two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            ("a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc"),
            ("a signed length", post + "Content-Length: +3\r\n\r\nabc"),
            ("a negative length", post + "Content-Length: -3\r\n\r\nabc"),
            ("a hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc"),
            ("a length beyond 64 bits", post + "Content-Length: 99999999999999999999999\r\n\r\nabc"),
            ("an empty length", post + "Content-Length: \r\n\r\nabc"),
            ("an unknown coding", post + "Transfer-Encoding: gzip\r\n\r\nabc"),
            ("gzip before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            ("a coding behind chunked", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
            ("chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("a space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
            ("a vertical tab in a coding", post + "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
            ("a bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"),
            ("a chunk size beyond 64 bits", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n"),
            ("a negative chunk size", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
            ("chunked on HTTP/1.0", "POST /rest/events HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("bare line feeds", "GET /rest/webhooks HTTP/1.1\nHost: a\n\n"),
            ("a bare carriage return", "GET /rest/webhooks HTTP/1.1\r\(host)\r\n"),
            ("a folded field", "GET /rest/webhooks HTTP/1.1\r\n\(host)X-A: 1\r\n 2\r\n\r\n"),
            ("NUL in a field", "GET /rest/webhooks HTTP/1.1\r\n\(host)X-A: a\u{0}b\r\n\r\n"),
            ("an empty field name", "GET /rest/webhooks HTTP/1.1\r\n\(host): a\r\n\r\n"),
            ("a field name with a space", "GET /rest/webhooks HTTP/1.1\r\n\(host)X A: a\r\n\r\n"),
            ("no method", "/rest/webhooks HTTP/1.1\r\n\(host)\r\n"),
            ("a method that is none", "G=T /rest/webhooks HTTP/1.1\r\n\(host)\r\n"),
            ("HTTP/3.7", "GET /rest/webhooks HTTP/3.7\r\n\(host)\r\n"),
            ("a raw letter beyond ASCII in the target", "GET /rest/w\u{e9}bhooks HTTP/1.1\r\n\(host)\r\n"),
            ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("RESP", "*1\r\n$4\r\nPING\r\n"),
            ("no Host", "GET /health/live HTTP/1.1\r\n\r\n"),
            ("two Hosts", "GET /health/live HTTP/1.1\r\n\(host)\(host)\r\n"),
            ("an empty Host", "GET /health/live HTTP/1.1\r\nHost: \r\n\r\n"),
            ("a Host with user info", "GET /health/live HTTP/1.1\r\nHost: a@b\r\n\r\n"),
            ("a Host with a path", "GET /health/live HTTP/1.1\r\nHost: a/b\r\n\r\n"),
            ("a list of Hosts", "GET /health/live HTTP/1.1\r\nHost: a, b\r\n\r\n"),
            ("a Host with a bad port", "GET /health/live HTTP/1.1\r\nHost: a:x\r\n\r\n"),
            ("a target of another authority", "GET http://evil.example/health/live HTTP/1.1\r\n\(host)\r\n"),
            ("a target that is no path", "GET health/live HTTP/1.1\r\n\(host)\r\n"),
        ]
    }()

    @Test
    func
        `that is malformed or ambiguous is answered 400 in the error envelope and closed, and a good request after it works`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        for (name, request) in Self.hostile {
            let connection = try await node.connect()
            // What follows in the same bytes must never be read as a request.
            await connection.send(request + Self.event(rig.key, 1))
            let answer = try await connection.answer()
            #expect(answer.status == 400 && answer.isRefusal, "\(name): \(answer)")
            #expect(answer.field("connection") == "close", "\(name): \(answer)")
            try await connection.untilClosed(within: .seconds(3))
            #expect(connection.received == "", "\(name): answered once")
        }
        #expect(try await rig.waitingCount() == 0, "nothing behind a malformed request was taken")
        let client = node.client()
        #expect(try await client.call(.GET, "/rest/webhooks", key: rig.key).status == 200)
        await client.close()
    }

    @Test func `with a TLS hello is closed`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03])
        #expect(try await connection.answer().status == 400)
        try await connection.untilClosed(within: .seconds(3))
    }

    @Test(arguments: [
        "api.example.com", "API.example.com:8080", "127.0.0.1:80", "[::1]:8080", "localhost", "my_host:", "a-b.c",
    ])
    func `takes a valid Host`(_ host: String) async throws { #expect(HostField.isValid(host)) }

    // MARK: Sizes

    @Test func `takes targets up to 8 KiB and answers longer ones 414`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let path = "/health/live?a="
        for (length, status) in [(8192, 200), (8193, 414), (20_000, 414)] {
            let connection = try await node.connect()
            let target = path + String(repeating: "x", count: length - path.count)
            await connection.send("GET \(target) HTTP/1.1\r\n\(Self.host)\r\n")
            let answer = try await connection.answer()
            #expect(answer.status == status, "\(length): \(answer)")
            guard status != 200 else {
                await connection.close()
                continue
            }
            #expect(answer.isRefusal)
            try await connection.untilClosed(within: .seconds(3))
        }
    }

    @Test func `takes 16 KiB of header in 100 fields and answers more 431`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let cases: [(String, Int)] = [
            (String(repeating: "x: y\r\n", count: 99), 200), (String(repeating: "x: y\r\n", count: 100), 431),
            (String(repeating: "x: y\r\n", count: 3000), 431),
            ("x: \(String(repeating: "y", count: 16_000))\r\n", 200),
            ("x: \(String(repeating: "y", count: 16_384))\r\n", 431),
            ("x: \(String(repeating: "y", count: 200_000))\r\n", 431),
        ]
        for (fields, status) in cases {
            let connection = try await node.connect()
            await connection.send("GET /health/live HTTP/1.1\r\n\(Self.host)\(fields)\r\n")
            let answer = try await connection.answer()
            #expect(answer.status == status, "\(fields.count) bytes: \(answer)")
            if status == 431 {
                #expect(answer.isRefusal)
                try await connection.untilClosed(within: .seconds(3))
            }
            await connection.close()
        }
    }

    @Test(arguments: ["4194305", "3000000000", "9223372036854775807"])
    func `refuses a body by its declared length before reading it`(_ length: String) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send(
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(length)\r\n\r\n")
        let answer = try await connection.answer()
        #expect(answer.status == 413 && answer.isRefusal && answer.field("connection") == "close")
        try await connection.untilClosed(within: .seconds(3))
    }

    @Test func `refuses a chunked body when it passes the limit of its route, and closes`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send(
            "POST /rest/webhooks HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n" + String(repeating: " ", count: 0x4000) + "\r\n"
        for _ in 0..<4 { await connection.send(chunk) }
        try await throughout(.milliseconds(100), "no answer within the limit") { connection.received == "" }
        await connection.send("1\r\n \r\n")
        let answer = try await connection.answer()
        #expect(answer.status == 413 && answer.isRefusal && answer.field("connection") == "close")
        for _ in 0..<20 { await connection.send(chunk) }
        try await connection.untilClosed(within: .seconds(3))
    }

    // MARK: Time

    @Test func `that drips its header, is silent or drips its body is cut`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode {
            $0.idleTimeout = .milliseconds(600)
            $0.bodyTimeout = .milliseconds(300)
        }
        let silent = try await node.connect()
        let half = try await node.connect()
        await half.send("GET /rest/webh")
        let start = ContinuousClock.now
        async let silence: Void = silent.untilClosed(within: .seconds(3))
        async let halfLine: Void = half.untilClosed(within: .seconds(3))
        let drip = try await node.connect()
        await drip.send("GET /health/live HTTP/1.1\r\n")
        while !drip.isClosed, ContinuousClock.now - start < .seconds(3) {
            await drip.send("a")
            try await Task.sleep(for: .milliseconds(50))  // the rhythm of the drip
        }
        #expect(drip.isClosed && ContinuousClock.now - start < .seconds(3))
        try await silence
        try await halfLine

        let head =
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
            + "Content-Type: application/json\r\n"
        for (name, framing, piece) in [
            ("a drip", "Content-Length: 1000\r\n\r\n{", " "),
            ("chunks in a drip", "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"),
            ("a cut chunk", "Transfer-Encoding: chunked\r\n\r\n10\r\n{", ""),
        ] {
            let connection = try await node.connect()
            await connection.send(head + framing)
            let begin = ContinuousClock.now
            while connection.received.isEmpty, ContinuousClock.now - begin < .seconds(3) {
                if !piece.isEmpty { await connection.send(piece) }
                try await Task.sleep(for: .milliseconds(20))  // the rhythm of the drip
            }
            let answer = try await connection.answer()
            #expect(answer.status == 400 && answer.isRefusal, "\(name): \(answer)")
            try await connection.untilClosed(within: .seconds(3))
        }
        #expect(try await rig.waitingCount() == 0)
    }

    @Test func `that ends in the middle of a body leaves nothing behind, even where what came is whole JSON`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let body = #"{"event":"people.created","record":{"id":"1"}}"#
        let head =
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
            + "Content-Type: application/json\r\n"
        for framing in [
            "Content-Length: 1000\r\n\r\n\(body)",
            "Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n",
        ] {
            let connection = try await node.connect()
            await connection.send(head + framing)
            await connection.finish()
            try await connection.untilClosed()
        }
        let client = node.client()
        #expect(try await client.send(.GET, "/health/live").status == 200)
        #expect(try await rig.waitingCount() == 0)
        await client.close()
    }

    // MARK: Keep-alive, pipelining, old clients

    @Test func `answers pipelined requests in order, each by its own key`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send(
            Self.event(rig.key, 1) + Self.event("whk_0wrongwrongw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 2)
                + Self.event(rig.otherKey, 3) + "GET /rest/webhooks HTTP/1.1\r\n\(Self.host)\r\n"
                + Self.event(rig.key, 4))
        var statuses: [Int] = []
        for _ in 0..<5 { statuses.append(try await connection.answer().status) }
        #expect(statuses == [202, 401, 202, 401, 202])
        #expect(try await rig.waitingCount() == 2)
        #expect(try await rig.waitingCount("other") == 1)
        await connection.close()
    }

    @Test func `that asks to be closed is closed, and what is pipelined behind is not carried out`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        for close in [
            "Connection: close\r\n", "Connection: Keep-Alive, Close\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
        ] {
            let connection = try await node.connect()
            await connection.send(Self.event(rig.key, 1, more: close) + Self.event(rig.key, 2))
            let answer = try await connection.answer()
            #expect(answer.status == 202 && answer.field("connection") == "close")
            try await connection.untilClosed(within: .seconds(3))
            #expect(connection.received == "")
        }
        #expect(try await rig.waitingCount() == 3)
    }

    @Test func `of an HTTP/1.0 client is served and closed, with a Host or without`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        for host in ["", Self.host] {
            let connection = try await node.connect()
            await connection.send("GET /rest/webhooks HTTP/1.0\r\n\(host)Authorization: Bearer \(rig.key)\r\n\r\n")
            let answer = try await connection.answer()
            #expect(answer.status == 200 && answer.field("content-length") != nil)
            try await connection.untilClosed(within: .seconds(3))
        }
    }

    @Test func `takes an absolute target of its own authority`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        await connection.send("GET http://API.example.com/health/live HTTP/1.1\r\n\(Self.host)\r\n")
        #expect(try await connection.answer().status == 200)
        await connection.close()
    }

    // MARK: Expect

    @Test func `that expects 100-continue gets it before its body`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let connection = try await node.connect()
        let body = #"{"event":"people.created","record":{"id":"1"}}"#
        await connection.send(
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\nExpect: 100-Continue\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        #expect(try await connection.answer().status == 100)
        await connection.send(body)
        #expect(try await connection.answer().status == 202)
        await connection.close()
    }

    @Test func `that expects 100-continue gets the final status when its head is refused`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode()
        let json = "Content-Type: application/json\r\n"
        let key = "Authorization: Bearer \(rig.key)\r\n"
        for (line, fields, status) in [
            ("POST /rest/events", json, 401), ("POST /rest/nothing", key + json, 404),
            ("PUT /rest/events", key + json, 405),
            ("POST /rest/events", key + "Content-Type: text/plain\r\n", 415),
        ] {
            let connection = try await node.connect()
            await connection.send(
                "\(line) HTTP/1.1\r\n\(Self.host)\(fields)Expect: 100-continue\r\nContent-Length: 50\r\n\r\n")
            let answer = try await connection.answer()
            #expect(answer.status == status && answer.field("connection") == "close", "\(answer)")
            try await connection.untilClosed(within: .seconds(3))
        }
    }

    // MARK: Maxima

    @Test func `beyond the maximum of requests in flight is answered 503 with Retry-After`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.maximumRequests = 2 }
        let head =
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
            + "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        let held = [try await node.connect(), try await node.connect()]
        for connection in held { await connection.send(head) }
        try await eventually("a refusal") {
            let third = try await node.connect()
            await third.send("GET /health/live HTTP/1.1\r\n\(Self.host)\r\n")
            let answer = try await third.answer()
            await third.close()
            return answer.status == 503 && answer.field("retry-after") != nil && answer.isRefusal
        }
        for connection in held { await connection.close() }
        try await eventually("room again") {
            let client = node.client()
            defer { Task { await client.close() } }
            return try await client.send(.GET, "/health/live").status == 200
        }
    }

    @Test func `whose body finds no room is answered 503 with Retry-After, and room comes back`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.maximumBodyBytes = 100_000 }
        let head =
            "POST /rest/events HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(rig.key)\r\n"
            + "Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n{"
        let held = try await node.connect()
        await held.send(head)
        try await eventually("a refusal") {
            let other = try await node.connect()
            await other.send(head)
            let answer = try? await other.answer(within: .milliseconds(200))
            await other.close()
            return answer?.status == 503 && answer?.field("retry-after") != nil
        }
        await held.close()
        let client = node.client()
        try await eventually("room again") {
            try await client.call(
                .POST, "/rest/events", key: rig.key,
                json: #"{"event":"people.created","record":{"id":"1","x":"\#(String(repeating: "x", count: 80_000))"}}"#
            ).status == 202
        }
        await client.close()
    }

    @Test func `beyond the maximum of connections waits until one ends`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.maximumConnections = 2 }
        let request = "GET /health/live HTTP/1.1\r\n\(Self.host)\r\n"
        var open: [RawHTTPConnection] = []
        try await eventually("two open connections") {
            for connection in open { await connection.close() }
            open = [try await node.connect(), try await node.connect()]
            for connection in open { await connection.send(request) }
            for connection in open {
                guard (try? await connection.answer(within: .seconds(1)))?.status == 200 else { return false }
            }
            return true
        }
        let third = try await node.connect()
        await third.send(request)
        try await throughout(.milliseconds(300), "no answer yet") { third.received == "" }
        await open[0].close()
        #expect(try await third.answer().status == 200)
        await third.close()
        await open[1].close()
    }
}
