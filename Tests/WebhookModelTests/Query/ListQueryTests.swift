import Testing

@testable import WebhookModel

@Suite("List parameters", .timeLimit(.minutes(1)))
struct ListQueryTests {
    private static let id = WebhookID("0199d1c2-0000-7000-8000-00000000000a")!

    private func messages(_ raw: String) -> [String] {
        do {
            _ = try ListQuery.read(raw)
            return []
        } catch {
            return error.messages
        }
    }

    @Test func `without parameters it is the first 60, the oldest first, and plain`() throws {
        let query = try ListQuery.read("")
        #expect(query == ListQuery())
        #expect(query.page.limit == 60)
        #expect(query.page.position == .beginning)
        #expect(query.order == .byCreation)
        #expect(query.isPlain)
    }

    @Test(arguments: [("0", 0), ("1", 1), ("1000", 1000), ("007", 7)])
    func `limit is an integer from 0 to 1000`(text: String, limit: Int) throws {
        #expect(try ListQuery.read("limit=\(text)").page.limit == limit)
    }

    @Test(arguments: ["1001", "-1", "1.5", "ten", "1e2", "%2B5", "0x10", "99999999999999999999", "1+", "%D9%A1"])
    func `any other limit is refused`(text: String) {
        #expect(messages("limit=\(text)") == ["limit must be an integer from 0 to 1000"])
    }

    @Test func `a cursor is an id, in any case of its digits`() throws {
        #expect(try ListQuery.read("starting_after=\(Self.id)").page.position == .after(Self.id))
        let upper = String(Self.id.description.map { Character($0.uppercased()) })
        #expect(try ListQuery.read("ending_before=\(upper)").page.position == .before(Self.id))
    }

    @Test func `both cursors at once are refused`() {
        let both = "starting_after=\(Self.id)&ending_before=\(Self.id)"
        #expect(messages(both) == ["starting_after and ending_before must not be given together"])
        #expect(messages("starting_after=\(Self.id)&ending_before=").isEmpty)
    }

    @Test(arguments: ["x", "0199d1c2", "*", "..%2F"])
    func `a cursor that is no id is refused by its name`(text: String) {
        #expect(messages("starting_after=\(text)") == ["starting_after is not the id of a record of this list"])
        #expect(messages("ending_before=\(text)") == ["ending_before is not the id of a record of this list"])
    }

    @Test func `order_by names fields with directions, AscNullsFirst without one`() throws {
        let order = try ListQuery.read("order_by=description[DescNullsLast],id,isEnabled%5BAscNullsLast%5D").order
        #expect(
            order.terms == [
                OrderTerm(.description, .descendingNullsLast), OrderTerm(.id, .ascendingNullsFirst),
                OrderTerm(.isEnabled, .ascendingNullsLast),
            ])
    }

    @Test func `every field can be ordered by in every direction`() throws {
        for field in ["id", "targetUrl", "description", "isEnabled", "createdAt", "updatedAt"] {
            for direction in ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"] {
                let terms = try ListQuery.read("order_by=\(field)[\(direction)]").order.terms
                #expect(terms.first?.field.rawValue == field)
                #expect(terms.first?.direction.rawValue == direction)
            }
        }
    }

    @Test(arguments: [
        "secret", "operations", "hasSecret", "name", "createdAt[Asc]", "createdAt[ascnullsfirst]", "createdAt[]",
        "createdAt[AscNullsFirst", "createdAtAscNullsFirst", "createdAt,", ",createdAt", "createdAt+",
        "createdAt[AscNullsFirst]x", "id,id,id,id,id,id",
    ])
    func `any other order_by is refused, with an example where a term is wrong`(text: String) {
        let found = messages("order_by=\(text)")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("order_by ") == true)
        #expect(found.first?.contains("example: ") == true || found == ["order_by must have at most 5 terms"])
    }

    @Test func `only the order of creation without a filter is plain`() throws {
        #expect(try ListQuery.read("order_by=createdAt[AscNullsLast]&limit=5").isPlain)
        #expect(try !ListQuery.read("order_by=createdAt[DescNullsLast]").isPlain)
        #expect(try !ListQuery.read("order_by=createdAt,targetUrl").isPlain)
        #expect(try !ListQuery.read("filter=isEnabled[eq]:true").isPlain)
    }

    @Test func `all wrong parameters are told at once, each by its name`() {
        let found = messages("limit=x&order_by=secret&filter=secret[eq]:x&starting_after=y")
        #expect(found.count == 4)
        for name in ["limit", "order_by", "filter", "starting_after"] {
            #expect(found.contains { $0.hasPrefix(name) })
        }
    }
}

@Suite("List order", .timeLimit(.minutes(1)))
struct ListOrderTests {
    private func webhook(_ number: Int, _ description: String? = nil, at time: Int64 = 0) -> Webhook {
        Webhook(
            id: WebhookID(UUIDValue(high: 0, low: UInt64(number))), targetUrl: "https://h", operations: ["*"],
            description: description, createdAt: time, updatedAt: time, version: 1)
    }

    private func sorted(_ webhooks: [Webhook], by text: String) throws -> [UInt64] {
        let order = try ListOrder.read(text)
        return webhooks.sorted { order.precedes(order.key(of: $0), order.key(of: $1)) }.map(\.id.uuid.low)
    }

    @Test(arguments: [
        ("description[AscNullsFirst]", [3, 2, 1, 4] as [UInt64]), ("description[AscNullsLast]", [2, 1, 4, 3]),
        ("description[DescNullsFirst]", [3, 4, 1, 2]), ("description[DescNullsLast]", [4, 1, 2, 3]),
        ("description", [3, 2, 1, 4]),
    ])
    func `records without the field stand first or last as the direction says`(order: String, ids: [UInt64]) throws {
        let all = [webhook(1, "b"), webhook(2, ""), webhook(3), webhook(4, "é")]
        #expect(try sorted(all, by: order) == ids)
    }

    @Test func `ties are broken by id, in ascending order whatever the direction`() throws {
        let all = [webhook(3, "a"), webhook(1, "a"), webhook(2, "a")]
        #expect(try sorted(all, by: "description[DescNullsLast]") == [1, 2, 3])
        #expect(try sorted(all, by: "isEnabled,createdAt[DescNullsLast]") == [1, 2, 3])
    }

    @Test func `later terms decide where the earlier ones tie`() throws {
        let all = [webhook(1, "b", at: 1), webhook(2, "a", at: 2), webhook(3, "b", at: 2), webhook(4, "a", at: 1)]
        #expect(try sorted(all, by: "description,createdAt[DescNullsLast]") == [2, 4, 3, 1])
    }

    @Test func `text is ordered by code point, not by language`() throws {
        let all = [
            webhook(1, "a"), webhook(2, "B"), webhook(3, "e\u{301}"), webhook(4, "\u{E9}"), webhook(5, "\u{10000}"),
            webhook(6, "\u{FFFD}"), webhook(7, "aa"),
        ]
        #expect(try sorted(all, by: "description") == [2, 1, 7, 3, 4, 6, 5])
    }
}
