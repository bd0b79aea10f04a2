import TestSupport
import Testing
import WebhookModel

@testable import Delivery

/// Receivers that do their worst. Where the deadline is what ends an attempt it is 400 ms; elsewhere it is so far away that
/// only the right reason can have ended the attempt.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct `A hostile receiver and the sender` {
    private static let deadline = Duration.milliseconds(400)

    private func post(
        _ behaviour: HostileReceiver.Behaviour, untilDeadline: Bool = false, recordBytes: Int = 10,
        _ check: (SenderRig.Answer, SenderRig, HostileReceiver) async throws -> Void
    ) async throws {
        let receiver = try await HostileReceiver.start { _ in behaviour }
        let rig = try await SenderRig.start { if untilDeadline { $0.attemptTimeout = Self.deadline } }
        let answer = try await once(untilDeadline) { try await rig.post(receiver.url(), recordBytes: recordBytes) }
        try await check(answer, rig, receiver)
        try await rig.stop()
        try await receiver.stop()
    }

    /// An attempt ends within its deadline and one second. On a machine that is busy otherwise this is given three tries.
    private func once(
        _ untilDeadline: Bool, _ attempt: () async throws -> SenderRig.Answer
    ) async throws -> SenderRig.Answer {
        var answer = try await attempt()
        guard untilDeadline else {
            #expect(answer.took < .seconds(9))
            return answer
        }
        for _ in 0..<2 where answer.took >= Self.deadline + .seconds(1) { answer = try await attempt() }
        #expect(answer.took >= Self.deadline - .milliseconds(5))
        #expect(answer.took < Self.deadline + .seconds(1))
        return answer
    }

    /// The connection must be gone: nothing of it is used again.
    private func expectClosed(_ rig: SenderRig) async throws {
        try await eventually(within: .seconds(2), "no open connection") { rig.gauges.openConnections == 0 }
    }

    @Test func `that never answers costs one deadline and is a timeout`() async throws {
        try await post(.silence, untilDeadline: true) { answer, rig, _ in
            #expect(answer.error == .timeout)
            try await expectClosed(rig)
        }
    }

    @Test func `that drips its head is cut at the deadline`() async throws {
        try await post(
            .drip(first: "HTTP/1.1 200 OK\r\nx-a: ", piece: "a", every: .milliseconds(20)), untilDeadline: true
        ) {
            answer, rig, _ in
            #expect(answer.error == .timeout)
            try await expectClosed(rig)
        }
    }

    @Test func `that drips header after header is cut at the deadline`() async throws {
        try await post(
            .drip(first: "HTTP/1.1 200 OK\r\n", piece: "x-a: b\r\n", every: .milliseconds(20)), untilDeadline: true
        ) {
            answer, _, _ in
            #expect(answer.error == .timeout)
        }
    }

    @Test func `that sends headers without end is a protocol error`() async throws {
        let line = Array((String(repeating: "x-a: bbbbbbbbbbbbbbbb\r\n", count: 100)).utf8)
        try await post(.flood(first: "HTTP/1.1 200 OK\r\n", chunk: line)) {
            answer, rig, receiver in
            #expect(answer.error == .protocol)
            try await expectClosed(rig)
            #expect(receiver.bytesSent < 16 << 20)
        }
    }

    @Test func `that sends one header without end is a protocol error`() async throws {
        try await post(.flood(first: "HTTP/1.1 200 OK\r\nx-a: ", chunk: [UInt8](repeating: 0x61, count: 16384))) {
            answer, _, _ in
            #expect(answer.error == .protocol)
        }
    }

    @Test(arguments: [100, 102, 103]) func `that floods with interim answers is cut`(status: Int) async throws {
        let interim = Array("HTTP/1.1 \(status) Wait\r\n\r\n".utf8)
        try await post(.flood(chunk: interim)) { answer, rig, _ in
            #expect(answer.error == .protocol)
            try await expectClosed(rig)
        }
    }

    @Test func `that drips interim answers is cut at the deadline`() async throws {
        try await post(.drip(piece: "HTTP/1.1 102 Wait\r\n\r\n", every: .milliseconds(30)), untilDeadline: true) {
            answer, _, _ in
            #expect(answer.error == .timeout)
        }
    }

    @Test func `that sends an interim answer and then 200 has taken the delivery`() async throws {
        try await post(.text("HTTP/1.1 103 Hint\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) {
            answer, rig, _ in
            #expect(answer.status == 200)
            #expect(rig.gauges.idleConnections == 1)
        }
    }

    @Test func `that switches protocols is a protocol error`() async throws {
        try await post(.text("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")) {
            answer, rig, _ in
            #expect(answer.error == .protocol)
            try await expectClosed(rig)
        }
    }

    @Test func `that sends a gigabyte behind 200 has taken the delivery, and 16 KiB are read`() async throws {
        let first = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"
        try await post(.flood(first: first, chunk: [UInt8](repeating: 0, count: 65536))) { answer, rig, receiver in
            #expect(answer.status == 200)
            try await expectClosed(rig)
            // What the sockets' buffers hold, not what was announced.
            #expect(receiver.bytesSent < 32 << 20)
        }
    }

    @Test func `that sends a gigabyte behind 500 is a status, and 256 bytes are kept`() async throws {
        let first = "HTTP/1.1 500 Oh\r\ncontent-length: 1073741824\r\n\r\n"
        try await post(.flood(first: first, chunk: [UInt8](repeating: 0x61, count: 65536))) { answer, rig, _ in
            #expect(answer.status == 500)
            #expect(answer.result.excerpt == [UInt8](repeating: 0x61, count: 256))
            try await expectClosed(rig)
        }
    }

    @Test func `that drips its body behind 200 has taken the delivery at the head`() async throws {
        let first = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
        try await post(.drip(first: first, piece: "x", every: .milliseconds(20))) { answer, rig, _ in
            #expect(answer.status == 200)
            // The body has a moment more, then the connection goes.
            try await expectClosed(rig)
        }
    }

    @Test func `that drips its body behind 500 is a status at the deadline`() async throws {
        let first = "HTTP/1.1 503 Later\r\nretry-after: 7\r\ncontent-length: 1000\r\n\r\n"
        try await post(.drip(first: first, piece: "x", every: .milliseconds(20)), untilDeadline: true) {
            answer, rig, _ in
            #expect(answer.outcome == .response(status: 503, retryAfterMilliseconds: 7000))
            #expect(answer.result.excerpt.first == UInt8(ascii: "x"))
            try await expectClosed(rig)
        }
    }

    @Test func `that sends a compressed bomb is never inflated`() async throws {
        // The first bytes of a gzip stream of zeros: kept as they are, as any other bytes.
        let gzip: [UInt8] = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 8,
        ]
        let head = Array(
            "HTTP/1.1 400 No\r\ncontent-encoding: gzip\r\ncontent-length: \(gzip.count)\r\n\r\n".utf8)
        try await post(.bytes(head + gzip, thenClose: false)) { answer, _, _ in
            #expect(answer.status == 400)
            #expect(answer.result.excerpt == gzip)
        }
    }

    @Test func `that asks nothing of the encoding gets no accept-encoding`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        #expect(try await rig.post(receiver.url()).status == 200)
        let names = Set(receiver.requests.flatMap { $0.fields.map { $0.name.lowercased() } })
        #expect(names.isDisjoint(with: ["accept-encoding", "te", "expect", "upgrade", "transfer-encoding"]))
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `that answers twice loses the connection, and the second answer is nobody's`() async throws {
        let twice =
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 Poison\r\ncontent-length: 0\r\n\r\n"
        let receiver = try await HostileReceiver.start { target in
            target == "/first" ? .text(twice) : .text("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
        }
        let rig = try await SenderRig.start()
        #expect(try await rig.post(receiver.url("/first")).status == 200)
        #expect(try await rig.post(receiver.url("/second")).status == 201)
        #expect(receiver.connectionsAccepted == 2)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `that speaks unasked on a kept connection loses it`() async throws {
        try await post(
            .drip(
                first: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", piece: "HTTP/1.1 500 Poison\r\n\r\n",
                every: .milliseconds(30))
        ) { answer, rig, _ in
            #expect(answer.status == 200)
            try await expectClosed(rig)
        }
    }

    @Test(arguments: [
        "content-length: 5\r\ncontent-length: 6", "content-length: 5, 6", "content-length: -1",
        "content-length: 0x5", "content-length: 99999999999999999999",
        "content-length: 5\r\ntransfer-encoding: chunked",
    ])
    func `that says conflicting lengths never leaves a connection to be used again`(fields: String) async throws {
        try await post(.text("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n5\r\nhello\r\n0\r\n\r\n")) { answer, rig, _ in
            // A head that cannot be read is no answer; one that can is a delivery.
            #expect(answer.error == .protocol || answer.status == 200)
            try await expectClosed(rig)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}", "HTTP/2.0 200 OK\r\n\r\n", "SSH-2.0-x\r\n",
        "HTTP/1.1 99 X\r\n\r\n", "HTTP/1.1 2000 X\r\n\r\n",
    ])
    func `that does not speak HTTP is a protocol error`(bytes: String) async throws {
        try await post(.text(bytes, thenClose: true)) { answer, rig, _ in
            #expect(answer.error == .protocol)
            try await expectClosed(rig)
        }
    }

    @Test func `that answers before it has read the request gives no connection back with bytes unsent`() async throws {
        let receiver = try await HostileReceiver.start { target in
            target.isEmpty ? .early("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") : .silence
        }
        let rig = try await SenderRig.start()
        // More than the sockets take: the request cannot have left when the answer is there.
        let answer = try await rig.post(receiver.url(), recordBytes: 16 << 20)
        #expect(answer.status == 200)
        try await expectClosed(rig)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `that resets after the request is a connection failure`() async throws {
        try await post(.reset()) { answer, rig, _ in
            #expect(answer.error == .connection)
            try await expectClosed(rig)
        }
    }

    @Test func `that resets in the middle of its head is a connection failure`() async throws {
        try await post(.reset(first: "HTTP/1.1 200 O")) { answer, rig, _ in
            #expect(answer.error == .connection)
            try await expectClosed(rig)
        }
    }

    @Test func `that closes without an answer is a connection failure`() async throws {
        try await post(.bytes([], thenClose: true)) { answer, _, _ in #expect(answer.error == .connection) }
    }

    @Test func `that closes in the middle of its head is a protocol error`() async throws {
        try await post(.text("HTTP/1.1 200 OK\r\nx-a", thenClose: true)) { answer, _, _ in
            #expect(answer.error == .protocol)
        }
    }

    @Test func `that cuts the body behind 200 has taken the delivery`() async throws {
        try await post(.text("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", thenClose: true)) { answer, rig, _ in
            #expect(answer.status == 200)
            try await expectClosed(rig)
        }
    }

    @Test func `that closes its body by closing the connection is a plain answer`() async throws {
        try await post(.text("HTTP/1.1 500 No\r\n\r\nwhy", thenClose: true)) { answer, _, _ in
            #expect(answer.status == 500)
            #expect(answer.result.excerpt == Array("why".utf8))
        }
    }

    @Test func `that sends a malformed chunked body behind 200 has taken the delivery`() async throws {
        try await post(.text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nhello\r\n")) {
            answer, rig, _ in
            #expect(answer.status == 200)
            try await expectClosed(rig)
        }
    }

    @Test(arguments: [204, 304]) func `that sends a body where none may be loses the connection`(
        status: Int
    ) async throws {
        try await post(.text("HTTP/1.1 \(status) X\r\ncontent-length: 5\r\n\r\nhello")) { answer, rig, _ in
            #expect(answer.status == status)
            try await expectClosed(rig)
        }
    }

    @Test func `that is a black hole is a connection failure at the connect time limit`() async throws {
        let hole = try BlackHole()
        let rig = try await SenderRig.start { $0.connectTimeout = .milliseconds(150) }
        let answer = try await rig.post("http://127.0.0.1:\(hole.port)/")
        #expect(answer.error == .connection)
        #expect(answer.took >= .milliseconds(145) && answer.took < .seconds(9))
        try await expectClosed(rig)
        try await rig.stop()
    }

    @Test func `that is a black hole is cut at the deadline when that comes first`() async throws {
        let hole = try BlackHole()
        let rig = try await SenderRig.start { $0.attemptTimeout = Self.deadline }
        let answer = try await once(true) { try await rig.post("http://127.0.0.1:\(hole.port)/") }
        #expect(answer.error == .connection)
        try await expectClosed(rig)
        try await rig.stop()
    }

    @Test func `that refuses connections is a connection failure at once`() async throws {
        let rig = try await SenderRig.start()
        let answer = try await rig.post("http://127.0.0.1:\(try freePort())/")
        #expect(answer.error == .connection)
        #expect(answer.took < .seconds(9))
        try await rig.stop()
    }

    @Test(arguments: [300, 301, 302, 303, 304, 305, 307, 308])
    func `that redirects is a failed status, and nobody follows`(status: Int) async throws {
        let elsewhere = try await TestReceiver.start()
        let receiver = try await TestReceiver.start { [elsewhere] _ in
            .status(status, fields: [("location", elsewhere.url("/next")), ("refresh", "0; url=\(elsewhere.url())")])
        }
        let rig = try await SenderRig.start()
        let answer = try await rig.post(receiver.url())
        #expect(answer.status == status)
        #expect(!answer.outcome.isSuccess)
        #expect(elsewhere.connectionsAccepted == 0)
        #expect(receiver.requestCount == 1)
        try await rig.stop()
        try await receiver.stop()
        try await elsewhere.stop()
    }
}
