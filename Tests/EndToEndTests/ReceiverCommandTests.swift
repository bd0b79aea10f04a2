import Crypto
import FleetSupport
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct `The receiver command` {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func start(_ rig: DevRig, _ options: [String]) async throws -> ChildProcess {
        let receiver = try rig.command(
            ["receiver", "--listen", "127.0.0.1:\(rig.receiverPort)"] + options, name: "receiver")
        try await eventually("the receiver: \(receiver.errorOutput)") {
            receiver.output.contains("receiver on http://")
        }
        return receiver
    }

    /// The three headers of a signed message.
    private func signed(_ body: String, secret: String = secret, at time: Int64 = secondsNow()) throws -> HTTPHeaders {
        let key = SymmetricKey(data: try #require(Data(base64Encoded: String(secret.dropFirst(6)))))
        let code = HMAC<SHA256>.authenticationCode(for: Data("id-1.\(time).\(body)".utf8), using: key)
        return [
            "webhook-id": "id-1", "webhook-timestamp": "\(time)",
            "webhook-signature": "v1,\(Data(code).base64EncodedString())",
            "content-type": "application/json",
        ]
    }

    @Test func `it says verified for what is signed, and why not for everything else`() async throws {
        let rig = try DevRig()
        let receiver = try await start(rig, ["--secret", Self.secret])
        let client = HTTPTestClient(port: rig.receiverPort)
        let other = "whsec_" + Data(repeating: 7, count: 24).base64EncodedString()
        let cases: [(headers: HTTPHeaders, body: String, line: String)] = [
            (try signed("{\"a\":1}"), "{\"a\":1}", "  verified  POST /x"),
            (try signed("{\"a\":1}"), "{\"a\":2}", "NOT VERIFIED (the signature is wrong)"),
            (try signed("{}", secret: other), "{}", "NOT VERIFIED (the signature is wrong)"),
            (try signed("{}", at: secondsNow() - 600), "{}", "NOT VERIFIED (the time is more than 5 minutes off)"),
            (["webhook-id": "id-1", "webhook-timestamp": "1"], "{}", "NOT VERIFIED (no webhook-signature)"),
        ]
        for (number, example) in cases.enumerated() {
            #expect(try await client.send(.POST, "/x", headers: example.headers, json: example.body).status == 200)
            let lines = receiver.output.split(whereSeparator: \.isNewline)
            try #require(lines.count == number + 2)
            #expect(lines[number + 1].contains(example.line), "\(lines[number + 1])")
        }
        await client.close()
        #expect(try await receiver.terminate() == 0)
        #expect(receiver.output.hasSuffix("received 5, verified 1, not verified 4, unchecked 0\n"))
    }

    @Test func `without a secret it says at once and on every line that nothing is verified`() async throws {
        let rig = try DevRig()
        let receiver = try await start(rig, [])
        #expect(receiver.output.contains("not verifying: no --secret"))
        let client = HTTPTestClient(port: rig.receiverPort)
        _ = try await client.send(.POST, "/x", headers: try signed("{}"), json: "{}")
        await client.close()
        #expect(try await receiver.terminate() == 0)
        #expect(receiver.output.contains("  unchecked (no --secret)  POST /x"))
        #expect(!receiver.output.contains(" verified  "))
        #expect(receiver.output.hasSuffix("received 1, verified 0, not verified 0, unchecked 1\n"))
    }

    @Test func `it answers the status it is told, after the delay it is told, and counts quietly`() async throws {
        let rig = try DevRig()
        let receiver = try await start(
            rig, ["--status", "503", "--delay", "300ms", "--quiet", "--secret", Self.secret])
        let client = HTTPTestClient(port: rig.receiverPort)
        let start = ContinuousClock.now
        #expect(try await client.send(.POST, "/x", headers: try signed("{}"), json: "{}").status == 503)
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        try await eventually("the count of a second") { receiver.output.contains("1/s  received 1, verified 1") }
        #expect(!receiver.output.contains("POST /x"))
        await client.close()
        #expect(try await receiver.terminate() == 0)
    }

    @Test func `it shows no control character of what arrives`() async throws {
        let rig = try DevRig()
        let receiver = try await start(rig, [])
        let client = HTTPTestClient(port: rig.receiverPort)
        _ = try await client.send(.POST, "/x", headers: [:], json: "\u{1b}[2J\n\u{9b}x")
        await client.close()
        _ = try await receiver.terminate()
        #expect(!receiver.output.contains("\u{1b}"))
        #expect(!receiver.output.unicodeScalars.contains { $0.value == 0x9b })
        #expect(receiver.output.split(whereSeparator: \.isNewline).count == 3)
    }

    @Test(arguments: [
        (["--status", "99"], "--status must be from 200 to 599"), (["--delay", "1"], "must be a duration"),
        (["--secret", "whsec_canary"], "--secret must be whsec_"),
        (["--listen", "9000"], "must be an address and a port"),
    ])
    func `a wrong option is refused with status 64, and a secret is not repeated`(
        options: [String], says: String
    ) async throws {
        let rig = try DevRig()
        let receiver = try rig.command(["receiver"] + options, name: "receiver")
        #expect(try await receiver.exitStatus() == 64)
        #expect(receiver.errorOutput.contains(says), "\(receiver.errorOutput)")
        #expect(!receiver.errorOutput.contains("canary"))
    }
}
