import FoundationEssentials
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `The webhook resource` {
    private static let good = #"{"targetUrl":"https://example.com/hook","operations":["people.created"]}"#

    private func withNode(
        _ change: @Sendable (inout APIConfiguration) -> Void = { _ in },
        _ body: (APIRig, HTTPTestClient) async throws -> Void
    ) async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode(change)
        let client = node.client()
        try await body(rig, client)
        await client.close()
    }

    // MARK: Endpoints

    @Test func `is created with 201, shown, changed and deleted, each in its envelope`() async throws {
        try await withNode { rig, client in
            let made = try await client.call(
                .POST, "/rest/webhooks", key: rig.key,
                json: #"{"targetUrl":"HTTPS://Example.com/a?b=%20c","operations":["person.created","*.*","*.*"],"#
                    + #""description":"d é","secret":"s","unknown":{"a":[1]}}"#)
            #expect(made.status == 201)
            let id = try #require(made.string("data", "createWebhook", "id"))
            #expect(UUIDValue(id)?.version == 7 && id == id.lowercased())
            let created = try #require(made.string("data", "createWebhook", "createdAt"))
            #expect(created.utf8.count == 24 && Timestamp.parse(created) != nil)
            let object =
                #"{"id":"\#(id)","targetUrl":"HTTPS://Example.com/a?b=%20c","operations":["person.created","*.*","*.*"],"#
                + #""description":"d é","isEnabled":true,"disabledReason":null,"hasSecret":true,"#
                + #""createdAt":"\#(created)","updatedAt":"\#(created)""#
            #expect(made.text == #"{"data":{"createWebhook":\#(object)}}}"#)

            let found = try await client.call(.GET, "/rest/webhooks/\(id.uppercased())", key: rig.key)
            #expect(
                found.text == #"{"data":{"webhook":\#(object),"health":{"state":"ok","consecutiveFailures":0,"#
                    + #""lastSuccessAt":null,"lastFailureAt":null,"lastFailure":null,"nextAttemptAt":null}}}}"#)
            let list = try await client.call(.GET, "/rest/webhooks", key: rig.key)
            #expect(
                list.text == #"{"data":{"webhooks":[\#(object)}]},"pageInfo":{"hasNextPage":false,"#
                    + #""hasPreviousPage":false,"startCursor":"\#(id)","endCursor":"\#(id)"},"totalCount":1}"#)

            let same = try await client.call(.PATCH, "/rest/webhooks/\(id)", key: rig.key, json: "{}")
            #expect(same.text == #"{"data":{"updateWebhook":\#(object)}}}"#, "{} changes nothing")
            let gone = try await client.call(.DELETE, "/rest/webhooks/\(id)", key: rig.key)
            #expect(gone.status == 200 && gone.text == #"{"data":{"deleteWebhook":{"id":"\#(id)"}}}"#)
            for (method, path, json) in [
                (HTTPMethod.DELETE, "", nil), (.GET, "", nil), (.PATCH, "", "{}"), (.PATCH, "", #"{"isEnabled":true}"#),
                (.POST, "/rotate-secret", #"{"secret":"x"}"#), (.GET, "/attempts", nil), (.GET, "/dead-letters", nil),
                (.POST, "/replay", "{}"), (.POST, "/test", nil),
            ] as [(HTTPMethod, String, String?)] {
                let answer = try await client.call(method, "/rest/webhooks/\(id)\(path)", key: rig.key, json: json)
                #expect(answer.status == 404 && answer.refusal != nil, "\(method) \(path): \(answer.text)")
            }
            #expect(
                try await client.call(.GET, "/rest/webhooks", key: rig.key).text
                    == #"{"data":{"webhooks":[]},"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"#
                    + #""startCursor":null,"endCursor":null},"totalCount":0}"#)
        }
    }

    @Test func `may have the same target twice`() async throws {
        try await withNode { rig, client in
            let first = try await client.createWebhook(rig.key)
            let second = try await client.createWebhook(rig.key)
            #expect(first != second)
        }
    }

    @Test func `is changed by PATCH in the given fields alone`() async throws {
        try await withNode { rig, client in
            let id = try await client.createWebhook(rig.key, secret: "first")
            func patch(_ json: String) async throws -> [String: String] {
                let answer = try await client.call(.PATCH, "/rest/webhooks/\(id)", key: rig.key, json: json)
                #expect(answer.status == 200, "\(answer.text)")
                let members = try #require(answer.value("data", "updateWebhook")?.members)
                return Dictionary(
                    uniqueKeysWithValues: members.map { member in
                        var bytes: [UInt8] = []
                        member.appendCompact(to: &bytes)
                        return (member.key, String(decoding: bytes, as: UTF8.self))
                    })
            }
            var before = try await patch("{}")
            for (json, field, value) in [
                (#"{"targetUrl":"https://b.example.com/"}"#, "targetUrl", #""https://b.example.com/""#),
                (#"{"operations":["task.*"]}"#, "operations", #"["task.*"]"#),
                (#"{"description":"x"}"#, "description", #""x""#), (#"{"description":null}"#, "description", "null"),
                (#"{"secret":""}"#, "hasSecret", "false"), (#"{"secret":"again"}"#, "hasSecret", "true"),
                (#"{"secret":null}"#, "hasSecret", "false"), (#"{"isEnabled":false}"#, "isEnabled", "false"),
                (#"{"isEnabled":true}"#, "isEnabled", "true"),
            ] {
                let after = try await patch(json)
                #expect(after[field] == value, "\(json)")
                let others = Set(before.keys).subtracting([field, "updatedAt"])
                for other in others { #expect(after[other] == before[other], "\(json) left \(other)") }
                before = after
            }
        }
    }

    @Test(arguments: [
        (#"{"targetUrl":null}"#, "targetUrl"), (#"{"operations":null}"#, "operations"),
        (#"{"isEnabled":null}"#, "isEnabled"), (#"{"isEnabled":"yes"}"#, "isEnabled"),
        (#"{"operations":[]}"#, "operations"), (#"{"targetUrl":"ftp://a.example.com/"}"#, "targetUrl"),
        (#"{"secret":7}"#, "secret"), (#"{"description":7}"#, "description"), ("[]", "body"), ("", ""),
    ])
    func `refuses a wrong PATCH and changes nothing`(_ json: String, _ field: String) async throws {
        try await withNode { rig, client in
            let id = try await client.createWebhook(rig.key)
            let before = try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text
            let answer = try await client.call(.PATCH, "/rest/webhooks/\(id)", key: rig.key, json: json)
            #expect(answer.status == 400)
            #expect(try #require(answer.refusal).contains { field.isEmpty || $0.contains(field) })
            #expect(try await client.call(.GET, "/rest/webhooks/\(id)", key: rig.key).text == before)
        }
    }

    @Test func `rotates its secret: the one before stays for the grace period, one at most, none ever shown`()
        async throws
    {
        try await withNode { rig, client in
            let id = try await client.createWebhook(rig.key)
            func rotate(_ json: String) async throws -> HTTPTestResponse {
                try await client.call(.POST, "/rest/webhooks/\(id)/rotate-secret", key: rig.key, json: json)
            }
            let first = try await rotate(#"{"secret":"canary-one"}"#)
            #expect(first.status == 200 && first.text.contains(#""previousSecretValidUntil":null"#), "none before")
            let before = wallClockMilliseconds()
            let second = try await rotate(#"{"secret":"canary-two"}"#)
            let end = try #require(
                second.string("data", "rotateWebhookSecret", "previousSecretValidUntil").flatMap { Timestamp.parse($0) }
            )
            #expect(abs(end - before - 86_400_000) < 5000, "a day by default")
            let webhook = try #require(WebhookID(id))
            let workspace = try #require(WorkspaceName("acme"))
            func stored() async throws -> Webhook {
                try #require(try await WebhookStore(rig.shard).find(workspace, webhook))
            }
            #expect(try await stored().previousSecret?.secret == Secret("canary-one"))
            _ = try await rotate(#"{"secret":"canary-three","gracePeriodSeconds":60}"#)
            #expect(try await stored().previousSecret?.secret == Secret("canary-two"), "one previous secret at most")
            let none = try await rotate(#"{"secret":"canary-four","gracePeriodSeconds":0}"#)
            #expect(none.text.contains(#""previousSecretValidUntil":null"#))
            #expect(try await stored().previousSecret == nil)
            _ = try await rotate(#"{"secret":"canary-five"}"#)
            _ = try await client.call(.PATCH, "/rest/webhooks/\(id)", key: rig.key, json: #"{"secret":"canary-six"}"#)
            #expect(try await stored().previousSecret == nil, "a PATCH of secret drops it")
            for bad in [
                "{}", #"{"secret":""}"#, #"{"secret":null}"#, #"{"secret":"x","gracePeriodSeconds":-1}"#,
                #"{"secret":"x","gracePeriodSeconds":604801}"#, #"{"secret":"x","gracePeriodSeconds":1.5}"#,
                #"{"secret":"x","gracePeriodSeconds":"60"}"#,
            ] {
                #expect(try await rotate(bad).status == 400, "\(bad)")
            }
            var shown = first.text + second.text
            for target in ["/rest/webhooks", "/rest/webhooks/\(id)", "/rest/webhooks?filter=secret[eq]:canary-six"] {
                shown += try await client.call(.GET, target, key: rig.key).text
            }
            #expect(!shown.contains("canary"))
        }
    }

    // MARK: Fields

    @Test func `names every wrong field at once`() async throws {
        try await withNode { rig, client in
            let answer = try await client.call(
                .POST, "/rest/webhooks", key: rig.key,
                json: #"{"operations":["contact.created","people.created",7],"secret":1,"description":2,"isEnabled":3}"#
            )
            let messages = try #require(answer.refusal)
            #expect(answer.status == 400)
            for text in [
                "targetUrl is required", #"operations[0] "contact.created" is not a valid operation"#, "operations[2]",
                "secret", "description", "isEnabled",
            ] {
                #expect(messages.contains { $0.contains(text) }, "\(text) in \(messages)")
            }
            let empty = try await client.call(.POST, "/rest/webhooks", key: rig.key, json: "{}")
            #expect(empty.refusal == ["targetUrl is required", "operations is required"])
            let none = try await client.call(
                .POST, "/rest/webhooks", key: rig.key, json: #"{"targetUrl":"https://a.example.com","operations":[]}"#)
            #expect(none.refusal == ["operations must not be empty"])
        }
    }

    static let targets: [(String, Bool)] = [
        ("https://example.com", true), ("https://example.com:8443/x?y=%2f", true), ("https://93.184.216.34/", true),
        ("https://xn--bcher-kva.example/", true), ("https://example.com./", true),
        ("https://example.com/" + String(repeating: "a", count: 2028), true),
        ("https://example.com/" + String(repeating: "a", count: 2029), false),
        ("http://example.com/", false), ("ftp://example.com/", false), ("example.com", false), ("", false),
        ("https://user@example.com/", false), ("https://example.com/#a", false), ("https://example.com/a b", false),
        ("https://example.com/%zz", false), ("https://ex%61mple.com/", false), ("https://localhost/", false),
        ("https://a.internal/", false), ("https://127.0.0.1/", false), ("https://2130706433/", false),
        ("https://[::1]/", false), ("https://169.254.169.254/", false), ("https://example.com:22/", false),
        ("https://example.com:6000/", false), ("https://exämple.com/", false), (#"https://example.com\\@a/"#, false),
    ]

    @Test func `takes a public https target as it was submitted and refuses every other, naming the field`()
        async throws
    {
        try await withNode({
            $0.allowsHTTPTargets = false
            $0.allowsPrivateTargets = false
        }) { rig, client in
            for (target, isTaken) in Self.targets {
                let answer = try await client.call(
                    .POST, "/rest/webhooks", key: rig.key, json: #"{"targetUrl":"\#(target)","operations":["*"]}"#)
                #expect(answer.status == (isTaken ? 201 : 400), "\(target): \(answer.text)")
                if isTaken {
                    #expect(answer.string("data", "createWebhook", "targetUrl") == target)
                } else {
                    #expect(try #require(answer.refusal).allSatisfy { $0.hasPrefix("targetUrl ") }, "\(answer.text)")
                }
            }
        }
    }

    static let patterns: [(String, Bool)] =
        ["company", "people", "person", "opportunity", "task", "*"].flatMap { entity in
            ["created", "updated", "deleted", "*"].map { ("\(entity).\($0)", true) }
        } + [
            ("*", true), ("", false), ("contact.created", false), ("People.created", false), ("people.Created", false),
            ("peoples.created", false), ("people.created ", false), (" people.created", false), ("people", false),
            ("people.created.x", false), ("people.", false), (".created", false), ("**", false),
            ("people.creat*", false),
        ]

    @Test func `takes exactly the patterns of the contract`() async throws {
        try await withNode { rig, client in
            for (pattern, isTaken) in Self.patterns {
                let answer = try await client.call(
                    .POST, "/rest/webhooks", key: rig.key,
                    json: #"{"targetUrl":"https://example.com/","operations":["*","\#(pattern)"]}"#)
                #expect(answer.status == (isTaken ? 201 : 400), "\(pattern): \(answer.text)")
                if !isTaken {
                    #expect(answer.refusal == [#"operations[1] "\#(pattern)" is not a valid operation"#])
                }
            }
        }
    }

    @Test func `takes more entities when they are configured`() async throws {
        let catalog = try EntityCatalog(additional: ["invoice"])
        try await withNode({ $0.entities = catalog }) { rig, client in
            _ = try await client.createWebhook(rig.key, operations: #"["invoice.created"]"#)
            let event = #"{"event":"invoice.created","record":{"id":"1"}}"#
            #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: event).status == 202)
        }
    }

    @Test func `keeps the bounds of operations, description and secret`() async throws {
        try await withNode { rig, client in
            func status(_ fields: String) async throws -> Int {
                try await client.call(
                    .POST, "/rest/webhooks", key: rig.key, json: #"{"targetUrl":"https://example.com/",\#(fields)}"#
                ).status
            }
            func operations(_ count: Int) -> String {
                #""operations":[\#(Array(repeating: #""*""#, count: count).joined(separator: ","))]"#
            }
            let one = operations(1)
            let key = Data(repeating: 7, count: 24).base64EncodedString()
            let cases: [(String, Int)] = [
                (operations(100), 201), (operations(101), 400),
                (#"\#(one),"description":"\#(String(repeating: "é", count: 1000))""#, 201),
                (#"\#(one),"description":"\#(String(repeating: "é", count: 1001))""#, 400),
                (#"\#(one),"description":null"#, 201), (#"\#(one),"description":"""#, 201),
                (#"\#(one),"secret":"\#(String(repeating: "s", count: 256))""#, 201),
                (#"\#(one),"secret":"\#(String(repeating: "s", count: 257))""#, 400),
                (#"\#(one),"secret":"\#(String(repeating: "é", count: 129))""#, 400), (#"\#(one),"secret":"""#, 201),
                (#"\#(one),"secret":null"#, 201), (#"\#(one),"secret":"whsec_\#(key)""#, 201),
                (#"\#(one),"secret":"whsec_""#, 400), (#"\#(one),"secret":"whsec_AAAA""#, 400),
                (#"\#(one),"secret":"whsec_\#(key.dropLast())""#, 400), (#"\#(one),"isEnabled":false"#, 201),
                (#"\#(one),"isEnabled":0"#, 400),
            ]
            for (fields, wanted) in cases {
                let status = try await status(fields)
                #expect(status == wanted, "\(fields.prefix(80))")
            }
        }
    }

    @Test func `answers 409 when the workspace has as many webhooks as it may have`() async throws {
        try await withNode({ $0.limits.maximumWebhooks = 2 }) { rig, client in
            for _ in 0..<2 { _ = try await client.createWebhook(rig.key) }
            let answer = try await client.call(.POST, "/rest/webhooks", key: rig.key, json: Self.good)
            #expect(answer.status == 409 && answer.refusal != nil)
            _ = try await client.createWebhook(rig.otherKey)
        }
    }

    // MARK: Clients as they are

    @Test func `ignores a body that a client sends with GET or DELETE`() async throws {
        try await withNode { rig, client in
            let id = try await client.createWebhook(rig.key)
            for json in ["{}", "no json", #"{"id":"other"}"#] {
                #expect(try await client.call(.GET, "/rest/webhooks", key: rig.key, json: json).status == 200)
            }
            let text = try await client.call(
                .GET, "/rest/webhooks", key: rig.key, headers: ["content-type": "text/plain"])
            #expect(text.status == 200)
            #expect(try await client.call(.DELETE, "/rest/webhooks/\(id)", key: rig.key, json: "{}").status == 200)
        }
    }

    @Test func `deletes nothing but the one that is named`() async throws {
        try await withNode { rig, client in
            for _ in 0..<3 { _ = try await client.createWebhook(rig.key) }
            for path in [
                "/", "/*", "/%2a", "/null", "/undefined", "/..", "/%2e%2e", "//", "/?id=1", "/\(UUIDValue.random())",
            ] {
                let answer = try await client.call(.DELETE, "/rest/webhooks\(path)", key: rig.key)
                #expect(answer.status == 404, "\(path): \(answer.text)")
            }
            let all = try await client.call(.DELETE, "/rest/webhooks", key: rig.key)
            #expect(all.status == 405 && all.headers["allow"] == ["GET, HEAD, POST, OPTIONS"])
            #expect(try await client.call(.GET, "/rest/webhooks", key: rig.key).text.contains(#""totalCount":3"#))
        }
    }
}
