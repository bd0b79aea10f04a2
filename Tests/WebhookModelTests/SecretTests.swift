import Testing

@testable import WebhookModel

@Suite struct SecretTests {
    private static func standard(_ length: Int) -> String {
        Secret.prefix + Base64.text(Array(repeating: 0xA5, count: length))
    }

    @Test(arguments: [
        "s", "correct horse battery staple", String(repeating: "x", count: 256),
        String(repeating: "\u{E9}", count: 128),
        standard(24), standard(25), standard(26), standard(32), standard(63), standard(64), "WHSEC_anything",
        "whsec", " whsec_x", "whsec-x",
    ])
    func `a text of up to 256 bytes is a secret as it is`(text: String) throws {
        #expect(try Secret(text).exposedText == text)
    }

    @Test(
        arguments: [
            ("", Secret.Problem.empty), (String(repeating: "x", count: 257), .tooLong),
            (String(repeating: "\u{E9}", count: 129), .tooLong), ("whsec_", .badStandardKey),
            ("whsec_x", .badStandardKey),
            (standard(23), .badStandardKey), (standard(65), .badStandardKey),
            ("whsec_" + String(repeating: "A", count: 31), .badStandardKey),
            // 25 bytes without their padding, in the URL-safe alphabet, with a line break, with bits that mean nothing.
            (String(standard(25).dropLast(2)), .badStandardKey),
            ("whsec_" + String(repeating: "-", count: 32), .badStandardKey),
            (standard(24) + "\n", .badStandardKey),
            ("whsec_" + String(repeating: "A", count: 33) + "B==", .badStandardKey),
            // By its bytes this begins with whsec_; as characters it does not, since an accent joins the last one.
            ("whsec_\u{301}AAAA", .badStandardKey),
        ] as [(String, Secret.Problem)])
    func `a text that cannot be a key is refused without a word of it`(text: String, problem: Secret.Problem) {
        #expect(throws: problem) { try Secret(text) }
        if text.utf8.count > 6 { #expect(!problem.description.contains(text)) }
    }

    @Test func `the key is what the base64 behind whsec_ says, else the text's bytes`() throws {
        #expect(try Secret(Self.standard(24)).keyBytes == Array(repeating: 0xA5, count: 24))
        #expect(try Secret("plain\u{E9}").keyBytes == Array("plain\u{E9}".utf8))
        #expect(try Secret("WHSEC_AAAA").keyBytes == Array("WHSEC_AAAA".utf8))
    }

    @Test func `nothing that prints a value shows a secret or a key`() throws {
        let canary = "canary-7f3a9c"
        let secret = try Secret(canary)
        let webhook = Webhook(
            id: .new(milliseconds: 1), targetUrl: "https://example.com/", operations: ["*"], secret: secret,
            previousSecret: .init(secret: secret, validUntil: 2), createdAt: 1, updatedAt: 1, version: 1)
        let draft = WebhookDraft(targetUrl: "https://example.com/", operations: ["*"], secret: secret)
        let values: [Any] = [
            secret, [secret], ["secret": secret], Optional(secret) as Any, webhook, draft,
            WebhookPatch(secret: .set(secret)), FieldChange<Secret>.set(secret), SecretRotation(secret: secret),
            SigningKey(secret), WebhookSigner(webhook, schemes: [.standard, .twenty]), StandardWebhookVerifier(secret),
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(describing: value), String(reflecting: value), dumped] {
                #expect(!text.contains(canary), "\(type(of: value))")
                #expect(!text.contains(Hexadecimal.text(canary.utf8)), "\(type(of: value))")
                #expect(!text.contains(Base64.text(Array(canary.utf8))), "\(type(of: value))")
            }
        }
        #expect("\(secret)" == "Secret(redacted)")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(Mirror(reflecting: SigningKey(secret)).children.isEmpty)
    }
}
