import Testing

@testable import WebhookModel

private func read(_ body: [UInt8]) throws(RequestRefused) -> WebhookPatch {
    try WebhookPatch.read(body, policy: RegistrationPolicy())
}

@Suite struct WebhookPatchTests {
    private let webhook = Webhook(
        id: .new(milliseconds: 1), targetUrl: "https://example.com/a", operations: ["*"], description: "d",
        secret: Secret(stored: "old"), previousSecret: .init(secret: Secret(stored: "older"), validUntil: 99),
        isEnabled: false, disabledReason: .gone, createdAt: 1, updatedAt: 2, version: 3)

    private func patched(_ body: String) throws -> Webhook {
        var changed = webhook
        try read(bytes(body)).apply(to: &changed, now: 50)
        return changed
    }

    @Test(arguments: ["{}", #"{"x":1}"#, #"{"id":"x","createdAt":"y","disabledReason":null}"#])
    func `a change that names no field changes nothing, not even the time`(body: String) throws {
        #expect(try read(bytes(body)).isEmpty)
        #expect(try !read(bytes(body)).resetsHealth)
        #expect(try patched(body) == webhook)
    }

    @Test func `only the given fields change`() throws {
        var expected = webhook
        expected.updatedAt = 50
        expected.targetUrl = "https://example.com/b"
        #expect(try patched(#"{"targetUrl":"https://example.com/b"}"#) == expected)
        expected = webhook
        expected.updatedAt = 50
        expected.operations = ["people.*", "task.created"]
        #expect(try patched(#"{"operations":["people.*","task.created"]}"#) == expected)
        expected = webhook
        expected.updatedAt = 50
        expected.description = "new"
        #expect(try patched(#"{"description":"new"}"#) == expected)
    }

    @Test(arguments: [(#"{"description":null}"#, nil), (#"{"description":""}"#, "")] as [(String, String?)])
    func `null clears the description`(body: String, description: String?) throws {
        #expect(try patched(body).description == description)
    }

    @Test(arguments: [#"{"secret":null}"#, #"{"secret":""}"#])
    func `null and an empty text clear the secret and what was before it`(body: String) throws {
        let changed = try patched(body)
        #expect(changed.secret == nil)
        #expect(changed.previousSecret == nil)
        #expect(changed.updatedAt == 50)
    }

    @Test func `a new secret drops the previous one, without a grace period`() throws {
        let changed = try patched(#"{"secret":"new"}"#)
        #expect(changed.secret?.exposedText == "new")
        #expect(changed.previousSecret == nil)
    }

    @Test func `enabling clears the reason, disabling leaves it`() throws {
        let enabled = try patched(#"{"isEnabled":true}"#)
        #expect(enabled.isEnabled)
        #expect(enabled.disabledReason == nil)
        let disabled = try patched(#"{"isEnabled":false}"#)
        #expect(!disabled.isEnabled)
        #expect(disabled.disabledReason == .gone)
    }

    @Test(arguments: [
        (#"{"targetUrl":"https://example.com/a"}"#, true), (#"{"isEnabled":true}"#, true),
        (#"{"isEnabled":false}"#, true),
        (#"{"operations":["*"]}"#, false), (#"{"description":null}"#, false), (#"{"secret":"x"}"#, false),
    ])
    func `a change of target or isEnabled forgets the endpoint's failures`(body: String, resets: Bool) throws {
        #expect(try read(bytes(body)).resetsHealth == resets)
        #expect(try !read(bytes(body)).isEmpty)
    }

    @Test(arguments: WrongField.all)
    func `a wrong field is named with what is wrong`(wrong: WrongField) {
        #expect(refusal("{\"\(wrong.field)\":\(wrong.value)}", read) == RequestRefused(wrong.message))
    }

    @Test(arguments: ["targetUrl", "operations", "isEnabled"])
    func `null is refused for what cannot be cleared`(field: String) {
        #expect(messages("{\"\(field)\":null}", read) == ["\(field) must not be null"])
    }

    @Test func `everything that is wrong is said at once`() {
        #expect(
            messages(#"{"targetUrl":null,"operations":[],"description":1,"secret":2,"isEnabled":"no"}"#, read) == [
                "targetUrl must not be null", "operations must not be empty", "description must be a string",
                "secret must be a string", "isEnabled must be a boolean",
            ])
    }

    @Test(arguments: ["[]", "null", "1", "\"x\""])
    func `a body that is no object is refused`(body: String) {
        #expect(messages(body, read) == ["the body must be a JSON object"])
    }
}

private func readRotation(_ body: [UInt8]) throws(RequestRefused) -> SecretRotation { try SecretRotation.read(body) }

@Suite struct SecretRotationTests {
    @Test(arguments: [
        (#"{"secret":"new"}"#, 86_400), (#"{"secret":"new","gracePeriodSeconds":0}"#, 0),
        (#"{"secret":"new","gracePeriodSeconds":604800}"#, 604_800),
        (#"{"secret":"new","gracePeriodSeconds":1,"x":2}"#, 1),
    ])
    func `the grace period is a day unless it is given`(body: String, grace: Int64) throws {
        let rotation = try SecretRotation.read(bytes(body))
        #expect(rotation.secret.exposedText == "new")
        #expect(rotation.gracePeriodSeconds == grace)
    }

    @Test(arguments: [
        ("{}", ["secret is required"]), (#"{"secret":null}"#, ["secret is required"]),
        (#"{"secret":""}"#, ["secret is required"]),
        (#"{"secret":5}"#, ["secret must be a string"]),
        (
            #"{"secret":"whsec_x"}"#,
            [
                "secret must be whsec_ followed by the padded standard base64 of 24 to 64 bytes when it starts with whsec_"
            ]
        ),
        (
            #"{"gracePeriodSeconds":"1"}"#,
            ["secret is required", "gracePeriodSeconds must be an integer from 0 to 604800"]
        ),
    ])
    func `a rotation without a good secret is refused`(body: String, expected: [String]) {
        #expect(messages(body, readRotation) == expected)
    }

    @Test(arguments: ["-1", "604801", "1.5", "1.0", "1e3", "\"60\"", "null", "true", "[]", "99999999999999999999"])
    func `a grace period that is no whole number of seconds up to a week is refused`(value: String) {
        #expect(
            messages(#"{"secret":"new","gracePeriodSeconds":\#(value)}"#, readRotation)
                == ["gracePeriodSeconds must be an integer from 0 to 604800"])
    }

    private func webhook(secret: String?) -> Webhook {
        Webhook(
            id: .new(milliseconds: 1), targetUrl: "https://example.com/", operations: ["*"],
            secret: secret.map { Secret(stored: $0) },
            previousSecret: .init(secret: Secret(stored: "oldest"), validUntil: .max), createdAt: 1, updatedAt: 1,
            version: 1)
    }

    @Test func `the secret becomes the previous one, and the one before is dropped`() throws {
        var changed = webhook(secret: "old")
        SecretRotation(secret: try Secret("new"), gracePeriodSeconds: 60).apply(to: &changed, now: 1000)
        #expect(changed.secret?.exposedText == "new")
        #expect(changed.previousSecret?.secret.exposedText == "old")
        #expect(changed.previousSecret?.validUntil == 61_000)
        #expect(changed.updatedAt == 1000)
    }

    @Test(arguments: [("old", 0), (nil, 60), (nil, 0)] as [(String?, Int64)])
    func `without a secret before or a grace period there is no previous one`(secret: String?, grace: Int64) throws {
        var changed = webhook(secret: secret)
        SecretRotation(secret: try Secret("new"), gracePeriodSeconds: grace).apply(to: &changed, now: 1000)
        #expect(changed.secret?.exposedText == "new")
        #expect(changed.previousSecret == nil)
    }
}
