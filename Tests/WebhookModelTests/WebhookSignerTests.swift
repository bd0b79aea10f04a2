import Crypto
import Foundation
import TestSupport
import Testing

@testable import WebhookModel

/// The header lines of one attempt, by name.
private func headers(
    _ signer: WebhookSigner, id: EventID, now: Int64, body: [UInt8]
) throws -> [(name: String, value: String)] {
    var bytes: [UInt8] = []
    signer.appendHeaderLines(id: id, now: now, body: body, to: &bytes)
    let text = try #require(String(validating: bytes, as: UTF8.self))
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.last == "")
    return try lines.dropLast().map { line in
        let colon = try #require(line.firstRange(of: ": "))
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
    }
}

/// HMAC-SHA256 without anything of the product.
private func reference(_ key: [UInt8], _ message: [UInt8]) -> Data {
    Data(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
}

@Suite struct WebhookSignerTests {
    private let id = EventID(UUIDValue(high: 0x017F_22E2_79B0_7CC3, low: 0x98C4_DC0C_0C07_398F))
    private let now: Int64 = 1_795_424_400_987
    private let body = Array(#"{"event":"people.created","record":{"name":"Zoë"}}"#.utf8)

    @Test func `the published vector of Standard Webhooks comes out`() throws {
        let secret = try Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let payload = Array(#"{"test": 2432232314}"#.utf8)
        let code = SigningKey(secret).authenticate { message in
            message.update(data: Array("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.".utf8))
            message.update(data: payload)
        }
        #expect("v1,\(Data(code).base64EncodedString())" == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        try StandardWebhookVerifier(secret).verify(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330",
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", body: payload, now: 1_614_265_330)
    }

    @Test(arguments: [
        "plain secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "gr\u{FC}n", String(repeating: "k", count: 256),
    ])
    func `the signature covers id, seconds and the exact body`(text: String) throws {
        let secret = try Secret(text)
        let lines = try headers(WebhookSigner(secret: secret), id: id, now: now, body: body)
        #expect(lines.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(lines[0].value == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(lines[1].value == "1795424400")
        let key =
            text.hasPrefix("whsec_")
            ? Array(try #require(Data(base64Encoded: String(text.dropFirst(6))))) : Array(text.utf8)
        let signed = Array("017f22e2-79b0-7cc3-98c4-dc0c0c07398f.1795424400.".utf8) + body
        #expect(lines[2].value == "v1,\(reference(key, signed).base64EncodedString())")
    }

    @Test func `without a secret there is an id and a time, and no signature of any scheme`() throws {
        let signer = WebhookSigner(secret: nil, schemes: [.standard, .twenty])
        let lines = try headers(signer, id: id, now: now, body: body)
        #expect(lines.map(\.name) == ["webhook-id", "webhook-timestamp"])
    }

    @Test func `a secret that was cleared leaves no signature though a previous one is remembered`() throws {
        let previous = Webhook.PreviousSecret(secret: try Secret("old"), validUntil: .max)
        let lines = try headers(WebhookSigner(secret: nil, previous: previous), id: id, now: now, body: body)
        #expect(lines.map(\.name) == ["webhook-id", "webhook-timestamp"])
    }

    @Test func `during a rotation the new secret signs first and the old one behind it, then never again`() throws {
        let new = try Secret("new secret")
        let old = try Secret("old secret")
        let signer = WebhookSigner(secret: new, previous: .init(secret: old, validUntil: now + 1))
        let both = try headers(signer, id: id, now: now, body: body)
        let entries = both[2].value.split(separator: " ").map(String.init)
        let alone = try headers(WebhookSigner(secret: new), id: id, now: now, body: body)[2].value
        let oldAlone = try headers(WebhookSigner(secret: old), id: id, now: now, body: body)[2].value
        #expect(entries == [alone, oldAlone])
        #expect(try headers(signer, id: id, now: now + 1, body: body)[2].value.split(separator: " ").count == 1)
        #expect(try headers(signer, id: id, now: now + 1, body: body)[2].value == alone)
        for secret in [new, old] {
            try StandardWebhookVerifier(secret).verify(
                id: both[0].value, timestamp: both[1].value, signature: both[2].value, body: body, now: now / 1000)
        }
    }

    @Test func `the second scheme signs its own milliseconds with the whole text of the new secret`() throws {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let signer = WebhookSigner(
            secret: try Secret(text), previous: .init(secret: try Secret("old"), validUntil: .max),
            schemes: [.standard, .twenty])
        let lines = try headers(signer, id: id, now: now, body: body)
        #expect(
            lines.map(\.name) == [
                "webhook-id", "webhook-timestamp", "webhook-signature", "X-Twenty-Webhook-Timestamp",
                "X-Twenty-Webhook-Signature", "X-Twenty-Webhook-Nonce",
            ])
        #expect(lines[2].value.split(separator: " ").count == 2)
        #expect(lines[3].value == "1795424400987")
        let code = reference(Array(text.utf8), Array("1795424400987:".utf8) + body)
        #expect(lines[4].value == code.map { String(format: "%02x", $0) }.joined())
        #expect(UUIDValue(lines[5].value)?.version == 4)
        let again = try headers(signer, id: id, now: now, body: body)
        #expect(again[5].value != lines[5].value)
        #expect(again[4].value == lines[4].value)
    }

    @Test func `a body in pieces signs like the whole`() throws {
        let signer = WebhookSigner(
            secret: try Secret("new"), previous: .init(secret: try Secret("old"), validUntil: .max))
        var whole: [UInt8] = []
        signer.appendHeaderLines(id: id, now: now, body: body, to: &whole)
        var pieces: [UInt8] = []
        signer.appendHeaderLines(id: id, now: now, to: &pieces) { message in
            for byte in body { message.update(data: [byte]) }
        }
        #expect(whole == pieces)
    }

    @Test func `what stands before the header lines stays`() throws {
        var bytes = Array("POST / HTTP/1.1\r\n".utf8)
        WebhookSigner(secret: try Secret("s"), schemes: [.standard, .twenty]).appendHeaderLines(
            id: id, now: now, body: [], to: &bytes)
        #expect(bytes.starts(with: "POST / HTTP/1.1\r\nwebhook-id: ".utf8))
    }

    @Test(arguments: [0, 999, 1000, 1_000_000_000_000, 253_402_300_799_999, Int64.max])
    func `the seconds are whole at any time`(now: Int64) throws {
        let lines = try headers(WebhookSigner(secret: try Secret("s")), id: id, now: now, body: [])
        #expect(lines[1].value == "\(now / 1000)")
    }

    @Test(
        arguments: [
            ("standard", [.standard]), ("standard,twenty", [.standard, .twenty]),
            ("twenty,standard", [.standard, .twenty]),
            ("twenty", nil), ("", nil), ("standard,", nil), ("Standard", nil), ("standard, twenty", nil), ("v1a", nil),
        ] as [(String, SignatureSchemes?)])
    func `the setting of the schemes always holds the standard one`(text: String, schemes: SignatureSchemes?) {
        #expect(SignatureSchemes(text) == schemes)
    }
}

@Suite struct StandardWebhookVerifierTests {
    private let secret = Secret(stored: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func verify(
        id: String = "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: String = "1614265330", signature: String,
        body: [UInt8]? = nil, now: Int64 = 1_614_265_330
    ) throws(StandardWebhookVerifier.Failure) {
        try StandardWebhookVerifier(secret).verify(
            id: id, timestamp: timestamp, signature: signature, body: body ?? self.body, now: now)
    }

    @Test func `one good signature among others is enough`() throws {
        let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        for text in [
            good, "\(other) \(good)", "\(good) \(other)", "v1a,xyz \(good)", "v2,\(good) \(good)", "  \(good)",
        ] {
            try verify(signature: text)
        }
    }

    @Test(arguments: [
        "", "v1,", "v1", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKg==", "v1, g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ])
    func `no other text is a signature of it`(text: String) {
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) { try verify(signature: text) }
    }

    @Test func `another id, time or body does not fit`() {
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) { try verify(id: "msg_other", signature: good) }
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) {
            try verify(timestamp: "1614265331", signature: good)
        }
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) { try verify(signature: good, body: body + [0x0A]) }
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) {
            try verify(signature: good, body: Array(#"{"test":2432232314}"#.utf8))
        }
    }

    @Test func `five minutes are tolerated both ways`() throws {
        for offset in [-300, 0, 300] as [Int64] { try verify(signature: good, now: 1_614_265_330 + offset) }
        for offset in [-301, 301] as [Int64] {
            #expect(throws: StandardWebhookVerifier.Failure.outsideTolerance) {
                try verify(signature: good, now: 1_614_265_330 + offset)
            }
        }
    }

    @Test(arguments: [
        "", "-1", "+1614265330", " 1614265330", "1614265330 ", "1614265330.0", "0x60", "1e9", "1234567890123456789",
    ])
    func `a time that is no whole number is malformed`(timestamp: String) {
        #expect(throws: StandardWebhookVerifier.Failure.malformed) { try verify(timestamp: timestamp, signature: good) }
    }

    @Test func `an empty id is malformed, and more than 16 entries are not looked at`() throws {
        #expect(throws: StandardWebhookVerifier.Failure.malformed) { try verify(id: "", signature: good) }
        let bad = repeatElement("v1,AAAA", count: 16).joined(separator: " ")
        #expect(throws: StandardWebhookVerifier.Failure.noMatch) { try verify(signature: "\(bad) \(good)") }
        try verify(signature: repeatElement("v1,AAAA", count: 15).joined(separator: " ") + " \(good)")
    }
}
