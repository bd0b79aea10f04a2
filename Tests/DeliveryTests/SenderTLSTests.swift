import NIOSSL
import Synchronization
import TestSupport
import Testing
import WebhookModel

@testable import Delivery

/// Every name stands for this machine here; what is checked is the name, never where it led.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct `TLS of the sender` {
    private static let name = "hooks.example.com"

    private func post(
        _ context: NIOSSLContext, trusting authority: String?, host: String = name, path: String = "/"
    ) async throws -> (answer: SenderRig.Answer, requests: [TestReceiver.Request]) {
        let receiver = try await TestReceiver.start(tls: context)
        let rig = try await SenderRig.start {
            $0.certificateAuthorityFile = authority
            $0.lookup = { _ in .addresses([.v4(0x7f00_0001)]) }
        }
        let answer = try await rig.post("https://\(host):\(receiver.port)\(path)")
        try await rig.stop()
        try await receiver.stop()
        return (answer, receiver.requests)
    }

    private func expectRefused(
        _ context: NIOSSLContext, trusting authority: String?, host: String = name,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (answer, requests) = try await post(context, trusting: authority, host: host)
        #expect(answer.error == .tls, "\(answer.outcome)", sourceLocation: sourceLocation)
        #expect(requests.isEmpty, "a request was sent", sourceLocation: sourceLocation)
    }

    @Test func `verifies a certificate of an authority in the configured file, and sends the name`() async throws {
        let certificates = try await TestCertificates()
        let names = Mutex<[String?]>([])
        let context = try await certificates.serverContext(names: ["DNS:\(Self.name)"]) { name in
            names.withLock { $0.append(name) }
        }
        let (answer, requests) = try await post(
            context, trusting: certificates.authorityFile, host: "Hooks.Example.COM.", path: "/a?b=c")
        #expect(answer.status == 200)
        #expect(names.withLock { $0 } == [Self.name])
        #expect(requests.first?.field("host")?.hasPrefix("\(Self.name):") == true)
        #expect(requests.first?.target == "/a?b=c")
        #expect(answer.result.phases.tls > 0)
    }

    @Test func `refuses a certificate for another name`() async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["DNS:other.example.com", "DNS:example.com"])
        try await expectRefused(context, trusting: certificates.authorityFile)
    }

    @Test func `refuses a certificate for the address when a name was asked for`() async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["IP:127.0.0.1"])
        try await expectRefused(context, trusting: certificates.authorityFile)
    }

    @Test func `wants the address in the certificate of a literal target, and sends no name then`() async throws {
        let certificates = try await TestCertificates()
        let names = Mutex<[String?]>([])
        let good = try await certificates.serverContext(names: ["IP:127.0.0.1"]) { name in
            names.withLock { $0.append(name) }
        }
        let (answer, _) = try await post(good, trusting: certificates.authorityFile, host: "127.0.0.1")
        #expect(answer.status == 200)
        #expect(names.withLock { $0 } == [nil])
        let wrong = try await certificates.serverContext(names: ["IP:127.0.0.2", "DNS:\(Self.name)"])
        try await expectRefused(wrong, trusting: certificates.authorityFile, host: "127.0.0.1")
    }

    @Test func `refuses a certificate that has expired`() async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["DNS:\(Self.name)"], days: -1)
        try await expectRefused(context, trusting: certificates.authorityFile)
    }

    @Test func `refuses a certificate that signed itself`() async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.selfSignedServerContext(names: ["DNS:\(Self.name)"])
        try await expectRefused(context, trusting: certificates.authorityFile)
        try await expectRefused(context, trusting: nil)
    }

    @Test func `refuses a certificate of an unknown authority`() async throws {
        let certificates = try await TestCertificates()
        let others = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["DNS:\(Self.name)"])
        try await expectRefused(context, trusting: others.authorityFile)
        try await expectRefused(context, trusting: nil)
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11]) func `refuses old protocols`(version: TLSVersion) async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["DNS:\(Self.name)"], maximumVersion: version)
        try await expectRefused(context, trusting: certificates.authorityFile)
    }

    @Test func `speaks 1.2`() async throws {
        let certificates = try await TestCertificates()
        let context = try await certificates.serverContext(names: ["DNS:\(Self.name)"], maximumVersion: .tlsv12)
        #expect(try await post(context, trusting: certificates.authorityFile).answer.status == 200)
    }

    @Test func `that never answers the handshake is a timeout, and one that answers plain text is an error`()
        async throws
    {
        let silent = try await HostileReceiver.start { _ in .silence }
        let plain = try await HostileReceiver.start { _ in .early("HTTP/1.1 200 OK\r\n\r\n") }
        let rig = try await SenderRig.start { $0.attemptTimeout = .milliseconds(400) }
        let late = try await rig.post("https://127.0.0.1:\(silent.port)/")
        #expect(late.error == .timeout)
        #expect(late.took >= .milliseconds(395) && late.took < .seconds(5))
        #expect(try await rig.post("https://127.0.0.1:\(plain.port)/").error == .tls)
        #expect(rig.permitsAsked == 0)
        try await rig.stop()
        try await silent.stop()
        try await plain.stop()
    }

    @Test func `refuses a file of authorities that cannot be read, and names the setting`() async throws {
        let directory = try TemporaryDirectory()
        for path in ["\(directory.path)/none.pem", directory.path] {
            await #expect {
                _ = try await SenderRig.start { $0.certificateAuthorityFile = path }
            } throws: { error in
                "\(error)".contains("WEBHOOKS_TARGET_CA_FILE")
            }
        }
    }
}
