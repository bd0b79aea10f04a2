import Testing

@testable import WebhookModel

@Suite struct WebhookDraftTests {
    private static let policy = RegistrationPolicy()

    private static func read(_ body: [UInt8]) throws(RequestRefused) -> WebhookDraft {
        try WebhookDraft.read(body, policy: policy)
    }

    private let minimum = #"{"targetUrl":"https://example.com/hook","operations":["*"]}"#

    @Test func `two fields are enough`() throws {
        let draft = try Self.read(bytes(minimum))
        #expect(draft == WebhookDraft(targetUrl: "https://example.com/hook", operations: ["*"]))
        #expect(draft.isEnabled)
        #expect(draft.secret == nil)
        #expect(draft.description == nil)
    }

    @Test func `target and operations are kept exactly as they were submitted`() throws {
        let draft = try Self.read(
            bytes(
                #"{"operations":["person.created","*.*","person.created","*"],"targetUrl":"HTTPS://EXAMPLE.com.:443/a/../b?q=%41+%2b&x=[]"}"#
            ))
        #expect(draft.targetUrl == "HTTPS://EXAMPLE.com.:443/a/../b?q=%41+%2b&x=[]")
        #expect(draft.operations == ["person.created", "*.*", "person.created", "*"])
        let webhook = draft.webhook(id: .new(milliseconds: 5), now: 7, version: 3)
        #expect(webhook.targetUrl == draft.targetUrl)
        #expect(webhook.operations == draft.operations)
        #expect(webhook.createdAt == 7)
        #expect(webhook.updatedAt == 7)
        #expect(webhook.version == 3)
        #expect(webhook.disabledReason == nil)
    }

    @Test func `all fields are read, and keys by what they stand for`() throws {
        let draft = try Self.read(
            bytes(
                #"{"\u0074argetUrl":"https:\/\/example.com\/hook","operations":["people.created"],"description":"My é hook","secret":"s3cret","isEnabled":false}"#
            ))
        #expect(draft.targetUrl == "https://example.com/hook")
        #expect(draft.description == "My é hook")
        #expect(draft.secret?.exposedText == "s3cret")
        #expect(!draft.isEnabled)
    }

    @Test(arguments: ["\"\"", "null"])
    func `an empty secret and null mean none`(value: String) throws {
        let draft = try Self.read(bytes(#"{"targetUrl":"https://example.com/","operations":["*"],"secret":\#(value)}"#))
        #expect(draft.secret == nil)
    }

    @Test func `the longest values are taken`() throws {
        let url = "https://example.com/" + String(repeating: "x", count: 2048 - 20)
        let operations = Array(repeating: "company.updated", count: 100)
        let description = String(repeating: "\u{1F600}", count: 1000)
        let secret = String(repeating: "s", count: 256)
        let list = operations.map { "\"\($0)\"" }.joined(separator: ",")
        let draft = try Self.read(
            bytes(
                #"{"targetUrl":"\#(url)","operations":[\#(list)],"description":"\#(description)","secret":"\#(secret)"}"#
            ))
        #expect(draft.targetUrl == url)
        #expect(draft.operations == operations)
        #expect(draft.description == description)
        #expect(draft.secret?.exposedText == secret)
        #expect(
            try Self.read(bytes(#"{"targetUrl":"https://a.io","operations":["*"],"description":""}"#)).description == ""
        )
        #expect(
            try Self.read(bytes(#"{"targetUrl":"https://a.io","operations":["*"],"description":null}"#)).description
                == nil)
    }

    @Test func `unknown keys are ignored, whatever they hold`() throws {
        let draft = try Self.read(
            bytes(
                #"{"id":"x","createdAt":1,"targetUrl":"https://example.com/hook","x":{"targetUrl":1},"operations":["*"],"TargetUrl":3}"#
            ))
        #expect(draft == WebhookDraft(targetUrl: "https://example.com/hook", operations: ["*"]))
    }

    @Test(arguments: WrongField.all)
    func `a wrong field is named with what is wrong`(wrong: WrongField) {
        var fields = ["targetUrl": "\"https://example.com/\"", "operations": "[\"*\"]"]
        fields[wrong.field] = wrong.value
        let body = "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        #expect(refusal(body, Self.read) == RequestRefused(wrong.message))
    }

    @Test(arguments: [
        ("{}", ["targetUrl is required", "operations is required"]),
        (#"{"targetUrl":null,"operations":null}"#, ["targetUrl is required", "operations is required"]),
        (#"{"targetUrl":"https://example.com/"}"#, ["operations is required"]),
        (#"{"operations":["*"],"targeturl":"https://example.com/"}"#, ["targetUrl is required"]),
        (#"{"targetUrl":"https://example.com/","operations":["*"],"isEnabled":null}"#, ["isEnabled must be a boolean"]),
        (
            #"{"targetUrl":1,"operations":["x","*",2],"description":3,"secret":4,"isEnabled":5}"#,
            [
                "targetUrl must be a string", "operations[0] \"x\" is not a valid operation",
                "operations[2] must be a string", "description must be a string", "secret must be a string",
                "isEnabled must be a boolean",
            ]
        ),
        (#"{"operations":[]}"#, ["targetUrl is required", "operations must not be empty"]),
    ])
    func `everything that is missing or wrong is said at once`(body: String, expected: [String]) {
        #expect(messages(body, Self.read) == expected)
    }

    @Test(arguments: [
        "[]", "null", "\"x\"", "1", "true", #"[{"targetUrl":"https://example.com/","operations":["*"]}]"#,
    ])
    func `a body that is no object is refused as such`(body: String) {
        #expect(messages(body, Self.read) == ["the body must be a JSON object"])
    }

    @Test(arguments: [
        "", "{", #"{"targetUrl":}"#, #"{"secret":"a","secret":"a"}"#, "\\xEF\\xBB\\xBF{}", "{}x", "targetUrl=x",
    ])
    func `a body that is no strict JSON is refused with the place`(body: String) {
        let said = messages(body, Self.read)
        #expect(said.count == 1)
        #expect(said.first?.hasPrefix("the body is not acceptable JSON: ") == true)
    }

    @Test func `64 levels and 10,000 members are the limits`() {
        func body(depth: Int) -> String {
            let inner = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return #"{"targetUrl":"https://example.com/","operations":["*"],"x":\#(inner)}"#
        }
        #expect(refusal(body(depth: 64), Self.read) == nil)
        #expect(messages(body(depth: 65), Self.read).first?.contains("more than 64 levels") == true)
        func body(members: Int) -> String {
            let list = repeatElement("0", count: members - 4).joined(separator: ",")
            return #"{"targetUrl":"https://example.com/","operations":["*"],"x":[\#(list)]}"#
        }
        #expect(refusal(body(members: 10_000), Self.read) == nil)
        #expect(
            messages(body(members: 10_001), Self.read).first?.contains("more than 10000 members and elements") == true)
    }

    @Test func `no message ever repeats a secret`() {
        for secret in ["whsec_canary", String(repeating: "canary", count: 50)] {
            let said = messages(#"{"secret":"\#(secret)"}"#, Self.read)
            #expect(said.count == 3)
            #expect(!said.joined().contains("canary"))
        }
        #expect(!messages(#"{"secret":"canary","secret":"canary"}"#, Self.read).joined().contains("canary"))
        #expect(!messages(#"{"secret":"canary\q"}"#, Self.read).joined().contains("canary"))
    }

    @Test func `the switches of development open http, private addresses and internal names`() throws {
        let open = RegistrationPolicy(targets: TargetPolicy(allowsHTTP: true, allowsPrivate: true))
        for url in ["http://127.0.0.1:8080/x", "http://localhost/x", "https://receiver:9000/", "http://[::1]/"] {
            let body = #"{"targetUrl":"\#(url)","operations":["*"]}"#
            #expect(try WebhookDraft.read(bytes(body), policy: open).targetUrl == url)
            #expect(messages(body, Self.read).count == 1)
        }
        let body = #"{"targetUrl":"ftp://example.com/","operations":["*"]}"#
        #expect(
            refusal(body) { (bytes) throws(RequestRefused) in try WebhookDraft.read(bytes, policy: open) }?.messages
                == ["targetUrl must use https or http"])
    }

    @Test func `more entities are valid when they are configured`() throws {
        let policy = RegistrationPolicy(entities: try EntityCatalog(additional: ["invoice"]))
        let body = #"{"targetUrl":"https://example.com/","operations":["invoice.created","invoice.*"]}"#
        #expect(try WebhookDraft.read(bytes(body), policy: policy).operations == ["invoice.created", "invoice.*"])
        #expect(
            messages(body, Self.read) == [
                "operations[0] \"invoice.created\" is not a valid operation",
                "operations[1] \"invoice.*\" is not a valid operation",
            ])
    }
}
