import Testing

@testable import WebhookModel

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct WebhookJSONTests {
    private let id = WebhookID(UUIDValue(high: 0x0123_4567_89AB_7DEF, low: 0x8123_4567_89AB_CDEF))

    private func webhook(secret: String? = "canary", reason: Webhook.DisabledReason? = nil) -> Webhook {
        Webhook(
            id: id, targetUrl: "https://example.com/a?b=\"c\"", operations: ["person.created", "*.*"],
            description: "line\nä \"q\" \\ \u{7F}\u{2028}", secret: secret.map { Secret(stored: $0) },
            previousSecret: secret.map { .init(secret: Secret(stored: $0), validUntil: 1_795_424_460_000) },
            isEnabled: reason == nil, disabledReason: reason, createdAt: 1_795_424_400_000,
            updatedAt: 1_795_424_400_001,
            version: 7)
    }

    private let members =
        #""id":"01234567-89ab-7def-8123-456789abcdef","targetUrl":"https://example.com/a?b=\"c\"","operations":["person.created","*.*"],"description":"line\nä \"q\" \\ \u007f\#u{2028}","isEnabled":true,"disabledReason":null,"hasSecret":true,"createdAt":"2026-11-23T09:00:00.000Z","updatedAt":"2026-11-23T09:00:00.001Z""#

    @Test func `created, updated and rotated webhooks stand in their envelopes`() {
        #expect(text(WebhookJSON.created(webhook())) == #"{"data":{"createWebhook":{\#(members)}}}"#)
        #expect(text(WebhookJSON.updated(webhook())) == #"{"data":{"updateWebhook":{\#(members)}}}"#)
        #expect(
            text(WebhookJSON.rotated(webhook()))
                == #"{"data":{"rotateWebhookSecret":{\#(members),"previousSecretValidUntil":"2026-11-23T09:01:00.000Z"}}}"#
        )
        #expect(text(WebhookJSON.rotated(webhook(secret: nil))).hasSuffix(#","previousSecretValidUntil":null}}}"#))
        #expect(
            text(WebhookJSON.deleted(id))
                == #"{"data":{"deleteWebhook":{"id":"01234567-89ab-7def-8123-456789abcdef"}}}"#)
    }

    @Test func `a webhook says whether it has a secret and why it is disabled, never the secret`() {
        let all = [
            WebhookJSON.created(webhook()), WebhookJSON.updated(webhook()), WebhookJSON.rotated(webhook()),
            WebhookJSON.found(webhook(), health: WebhookHealth(state: .ok)),
            WebhookJSON.list(
                WebhookPage(webhooks: [webhook()], hasNextPage: false, hasPreviousPage: false, totalCount: 1)),
        ]
        for answer in all { #expect(!text(answer).contains("canary")) }
        #expect(text(WebhookJSON.created(webhook(secret: nil))).contains(#""hasSecret":false"#))
        #expect(
            text(WebhookJSON.created(webhook(reason: .gone))).contains(#""isEnabled":false,"disabledReason":"gone""#))
        #expect(text(WebhookJSON.created(webhook(reason: .failing))).contains(#""disabledReason":"failing""#))
    }

    @Test func `one webhook tells its health`() {
        #expect(
            text(WebhookJSON.found(webhook(), health: WebhookHealth(state: .ok)))
                == #"{"data":{"webhook":{\#(members),"health":{"state":"ok","consecutiveFailures":0,"lastSuccessAt":null,"lastFailureAt":null,"lastFailure":null,"nextAttemptAt":null}}}}"#
        )
        let failing = WebhookHealth(
            state: .failing, consecutiveFailures: 12, lastSuccessAt: 0, lastFailureAt: 1000, lastFailure: .timeout,
            nextAttemptAt: 2000)
        #expect(
            text(WebhookJSON.found(webhook(), health: failing)).hasSuffix(
                #""health":{"state":"failing","consecutiveFailures":12,"lastSuccessAt":"1970-01-01T00:00:00.000Z","lastFailureAt":"1970-01-01T00:00:01.000Z","lastFailure":"timeout","nextAttemptAt":"1970-01-01T00:00:02.000Z"}}}}"#
            ))
    }

    @Test func `an empty list has null cursors`() {
        #expect(
            text(WebhookJSON.list(WebhookPage(webhooks: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0)))
                == #"{"data":{"webhooks":[]},"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"startCursor":null,"endCursor":null},"totalCount":0}"#
        )
    }

    @Test func `a list tells its first and last id and what lies around it`() {
        let other = Webhook(
            id: .new(milliseconds: 3), targetUrl: "https://example.com/", operations: ["*"], createdAt: 1, updatedAt: 1,
            version: 1)
        let page = WebhookPage(webhooks: [webhook(), other], hasNextPage: true, hasPreviousPage: true, totalCount: 77)
        #expect(
            text(WebhookJSON.list(page)).hasSuffix(
                #""pageInfo":{"hasNextPage":true,"hasPreviousPage":true,"startCursor":"\#(id)","endCursor":"\#(other.id)"},"totalCount":77}"#
            ))
    }

    @Test func `a test answers with its event id`() {
        let id = EventID.newTest(milliseconds: 1)
        #expect(text(WebhookJSON.tested(id)) == #"{"data":{"testWebhook":{"eventId":"\#(id)"}}}"#)
    }
}

@Suite struct EventJSONTests {
    private let id = EventID(UUIDValue(high: 0x017F_22E2_79B0_7CC3, low: 0x98C4_DC0C_0C07_398F))

    private func accepted(_ isDuplicate: Bool) -> AcceptedEvent {
        AcceptedEvent(id: id, operation: Operation(entity: "person", action: .updated), isDuplicate: isDuplicate)
    }

    @Test func `one event and a batch stand in their envelopes`() {
        let one = #"{"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","event":"people.updated","duplicate":false}"#
        let two = one.replacing("false", with: "true")
        #expect(text(EventJSON.accepted(single: accepted(false))) == #"{"data":{"createEvent":\#(one)}}"#)
        #expect(
            text(EventJSON.accepted(batch: [accepted(false), accepted(true)]))
                == #"{"data":{"createEvents":[\#(one),\#(two)]}}"#)
    }
}

@Suite struct ErrorJSONTests {
    @Test func `an error has one envelope`() {
        #expect(
            text(ErrorJSON.body(status: 400, messages: ["targetUrl is required", "operations must not be empty"]))
                == #"{"statusCode":400,"error":"BadRequestException","messages":["targetUrl is required","operations must not be empty"]}"#
        )
    }

    @Test(arguments: [
        (400, "BadRequestException"), (401, "UnauthorizedException"), (403, "ForbiddenException"),
        (404, "NotFoundException"),
        (405, "MethodNotAllowedException"), (409, "ConflictException"), (413, "PayloadTooLargeException"),
        (414, "UriTooLongException"), (415, "UnsupportedMediaTypeException"), (429, "TooManyRequestsException"),
        (431, "RequestHeaderFieldsTooLargeException"), (500, "InternalServerErrorException"),
        (503, "ServiceUnavailableException"), (418, "InternalServerErrorException"),
    ])
    func `each status has its name`(status: Int, name: String) {
        #expect(ErrorJSON.name(ofStatus: status) == name)
        #expect(text(ErrorJSON.body(status: status, messages: [])).contains("\"error\":\"\(name)\""))
    }

    @Test(arguments: ["\"quoted\" \\ \n\r\t\u{0}\u{1F}\u{7F}", "\u{2028}é😀", "</script>", ""])
    func `a message of any text is one JSON string`(message: String) throws {
        let body = ErrorJSON.body(status: 400, messages: [message])
        let document = try JSONDocument(body, limits: .registration)
        let read = document.root.member("messages")?.elements?.first?.string
        #expect(read.map { Array($0.utf8) } == Array(message.utf8))
        #expect(!body.contains { $0 < 0x20 || $0 == 0x7F })
    }
}

@Suite struct JSONWriterTests {
    @Test func `commas stand between members and elements and nowhere else`() throws {
        var writer = JSONWriter()
        writer.object { root in
            root.object("empty") { _ in }
            root.array("none") { _ in }
            root.array("list") { list in
                list.integer(.min)
                list.integer(.max)
                list.integer(0)
                list.bool(true)
                list.bool(false)
                list.null()
                list.string("s")
                list.raw(Array("{\"raw\":1}".utf8))
                list.array { $0.array { _ in } }
                list.object { $0.member("a", nil as String?) }
                list.time(0)
                list.uuid(UUIDValue(high: 0, low: 0))
            }
            root.member("n", nil as Int64?)
            root.member("t", time: nil)
            root.member("u", nil as UUIDValue?)
            root.member("b", true)
        }
        #expect(
            text(writer.bytes)
                == #"{"empty":{},"none":[],"list":[-9223372036854775808,9223372036854775807,0,true,false,null,"s",{"raw":1},[[]],{"a":null},"1970-01-01T00:00:00.000Z","00000000-0000-0000-0000-000000000000"],"n":null,"t":null,"u":null,"b":true}"#
        )
        #expect(throws: Never.self) { try JSONDocument(writer.bytes, limits: .registration) }
    }
}
