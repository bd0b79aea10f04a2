import APIClient
import FleetSupport
import TestSupport
import Testing

@Suite("List parameters, over the wire", .contractStage, .serialized, .timeLimit(.minutes(3)))
struct ListParameterTests {
    /// A new workspace with `count` webhooks; their ids in the order of the list.
    private func stage(_ count: Int) async throws -> (client: RESTClient, ids: [String]) {
        let client = try await ContractStage.current.client()
        for number in 0..<count { _ = try await client.create(Self.webhook(number)) }
        return (client, try await client.list(ListParameters(limit: 1000)).ids)
    }

    private static func webhook(_ number: Int) -> NewWebhook {
        NewWebhook(
            targetUrl: "https://h\(number % 3).example.com/\(number)",
            operations: number.isMultiple(of: 2) ? ["people.created", "company.*"] : ["*"],
            description: number.isMultiple(of: 3) ? nil : "Größe \(number), 50% off", isEnabled: number != 4)
    }

    private func refusal(_ client: RESTClient, _ query: String) async -> RESTClient.Refused? {
        let refused = await #expect(throws: RESTClient.Refused.self, "\(query)") {
            try await client.list(rawQuery: query)
        }
        #expect(refused?.status == 400 && refused?.error == "BadRequestException", "\(query)")
        return refused
    }

    /// The numbers of the webhooks that a filter finds, of eight.
    private func found(_ client: RESTClient, _ filter: String) async throws -> [Int] {
        try await client.list(ListParameters(filter: filter)).webhooks.compactMap {
            $0.targetUrl.split(separator: "/").last.flatMap { Int($0) }
        }.sorted()
    }

    // MARK: limit, cursors, order

    @Test func `limit is 60 by default, and an integer from 0 to 1000`() async throws {
        let (client, _) = try await stage(61)
        #expect(try await client.list().ids.count == 60)
        #expect(try await client.list(rawQuery: "limit=0").ids.isEmpty)
        #expect(try await client.list(rawQuery: "limit=1000").ids.count == 61)
        for limit in ["1001", "-1", "x", "1.0"] { _ = await refusal(client, "limit=\(limit)") }
    }

    @Test func `the next page starts after the last id, the page before ends before the first`() async throws {
        let (client, ids) = try await stage(7)
        let second = try await client.list(ListParameters(limit: 3, startingAfter: ids[2]))
        #expect(second.ids == Array(ids[3...5]))
        #expect(try await client.list(ListParameters(limit: 3, endingBefore: second.ids[0])).ids == Array(ids[0...2]))
        #expect(try await client.list(ListParameters(limit: 2, endingBefore: ids[6])).ids == Array(ids[4...5]))
    }

    @Test func `both cursors at once and an unknown id are refused`() async throws {
        let (client, ids) = try await stage(1)
        #expect(
            await refusal(client, "starting_after=\(ids[0])&ending_before=\(ids[0])")?.messages
                == ["starting_after and ending_before must not be given together"])
        _ = await refusal(client, "starting_after=0199d1c2-0000-7000-8000-000000000000")
        _ = await refusal(client, "ending_before=nobody")
    }

    @Test func `the id of a deleted webhook still works as a cursor`() async throws {
        let (client, ids) = try await stage(5)
        try await client.delete(ids[2])
        for order in ["createdAt", "targetUrl[DescNullsLast]"] {
            let whole = try await client.list(ListParameters(orderBy: order)).ids
            let after = try await client.list(ListParameters(startingAfter: ids[2], orderBy: order)).ids
            let before = try await client.list(ListParameters(endingBefore: ids[2], orderBy: order)).ids
            #expect(before + after == whole)
        }
    }

    @Test func `the order is the creation's, the oldest first, unless order_by says otherwise`() async throws {
        let (client, ids) = try await stage(6)
        let times = try await client.list().webhooks.map(\.createdAt)
        #expect(times == times.sorted())
        let targets = try await client.list(ListParameters(orderBy: "targetUrl[DescNullsLast]")).webhooks.map(
            \.targetUrl)
        #expect(targets == targets.sorted(by: >))
        let nulls = try await client.list(ListParameters(orderBy: "description[DescNullsFirst],id")).webhooks
        #expect(nulls.prefix(2).allSatisfy { $0.description == nil })
        #expect(nulls.prefix(2).map(\.id) == nulls.prefix(2).map(\.id).sorted() && nulls.count == ids.count)
        for order in ["secret", "operations", "createdAt[Asc]", "createdAt,"] {
            _ = await refusal(client, "order_by=\(order)")
        }
    }

    // MARK: Query strings

    @Test func `a plus is a space and 2B a plus, brackets colons and commas may be raw`() async throws {
        let (client, _) = try await stage(4)
        #expect(try await client.list(rawQuery: "filter=description[like]:e+1,isEnabled[eq]:true").totalCount == 1)
        #expect(try await client.list(rawQuery: "filter=description%5Blike%5D%3Ae%2B1").totalCount == 0)
    }

    @Test func `broken percents, invalid UTF-8, controls and a known parameter twice are refused`() async throws {
        let (client, _) = try await stage(1)
        for query in ["filter=%", "filter=%g0", "filter=%C3", "filter=%1F", "order_by=%0A", "limit=1&limit=1"] {
            _ = await refusal(client, query)
        }
    }

    @Test func `an empty value counts as absent, and unknown parameters are ignored`() async throws {
        let (client, ids) = try await stage(2)
        #expect(try await client.list(rawQuery: "limit=&filter=&order_by=&starting_after=&a=1&a=2").ids == ids)
    }

    // MARK: filter

    /// Filters and the webhooks, of eight, that satisfy them.
    private static let filters: [(String, [Int])] = [
        ("targetUrl[eq]:https://h1.example.com/4", [4]),
        ("targetUrl[neq]:https://h1.example.com/4", [0, 1, 2, 3, 5, 6, 7]),
        ("targetUrl[not]:https://h1.example.com/4,targetUrl[like]:h1", [1, 7]),
        ("targetUrl[in]:[https://h1.example.com/4,\"https://h2.example.com/5\",x]", [4, 5]),
        ("targetUrl[not_in]:[https://h1.example.com/4,https://h2.example.com/5]", [0, 1, 2, 3, 6, 7]),
        ("targetUrl[gt]:https://h1.example.com/4", [2, 5, 7]), ("targetUrl[lte]:https://h0.example.com/3", [0, 3]),
        ("targetUrl[gte]:https://h2.example.com/5", [5]), ("targetUrl[lt]:https://h0.example.com/3", [0]),
        ("targetUrl[like]:h1%7", [7]), ("targetUrl[like]:H1", []), ("targetUrl[ilike]:H1", [1, 4, 7]),
        ("targetUrl[startsWith]:https://h2", [2, 5]), ("targetUrl[endsWith]:/6", [6]),
        ("description[ilike]:GRÖSSE", []), ("description[ilike]:GRÖßE", [1, 2, 4, 5, 7]),
        ("description[is]:NULL", [0, 3, 6]), ("description[is]:NOT_NULL", [1, 2, 4, 5, 7]),
        ("description[is_not]:NULL", [1, 2, 4, 5, 7]),
        ("description[neq]:x,isEnabled[eq]:true", [0, 1, 2, 3, 5, 6, 7]),
        ("description[not_in]:[x]", [0, 1, 2, 3, 4, 5, 6, 7]), ("description[gt]:A", [1, 2, 4, 5, 7]),
        (#"description[eq]:"Größe 1, 50% off""#, [1]), (#"description[eq]:'Größe 2, 50% off'"#, [2]),
        ("operations[eq]:company.*", [0, 2, 4, 6]), ("operations[neq]:company.*", [1, 3, 5, 7]),
        ("operations[containsAny]:[task.*,people.created]", [0, 2, 4, 6]), ("operations[not_in]:[*]", [0, 2, 4, 6]),
        ("operations[like]:people", [0, 2, 4, 6]), ("isEnabled[eq]:false", [4]),
        ("isEnabled[in]:[true,false]", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("createdAt[gt]:2020-01-01", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("updatedAt[lt]:2020-01-01T00:00:00+02:00", []), ("id[startsWith]:0", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("or(targetUrl[endsWith]:/1,targetUrl[endsWith]:/2)", [1, 2]),
        ("and(targetUrl[like]:h1,description[is]:NOT_NULL)", [1, 4, 7]), ("not(targetUrl[like]:h1)", [0, 2, 3, 5, 6]),
        ("or(targetUrl[like]:h0,targetUrl[like]:h1),or(targetUrl[endsWith]:/3,targetUrl[endsWith]:/4)", [3, 4]),
        ("or(and(targetUrl[like]:h0,not(description[is]:NOT_NULL)),isEnabled[eq]:false)", [0, 3, 4, 6]),
    ]

    @Test func `filter finds what each comparator and group says, and totalCount counts it`() async throws {
        let (client, _) = try await stage(8)
        for (filter, numbers) in Self.filters {
            #expect(try await found(client, filter) == numbers, "\(filter)")
            let page = try await client.list(ListParameters(limit: 1, filter: filter))
            #expect(page.totalCount == numbers.count, "\(filter)")
            #expect(page.pageInfo.hasNextPage == (numbers.count > 1), "\(filter)")
        }
    }

    @Test(arguments: [
        ("name[eq]:x", "name"), ("record.name[eq]:x", "record.name"), ("secret[eq]:x", "secret"),
        ("targetUrl[near]:x", "near"), ("targetUrl[in]:x", "targetUrl[in]:x"), ("and(id[eq]:x", "and(id[eq]:x"),
        ("id[eq]:\"x", "x"), ("not(id[eq]:a,id[eq]:b)", "not("), ("or()", "or()"), ("isEnabled[eq]:1", "1"),
        ("createdAt[gt]:soon", "soon"), ("targetUrl[containsAny]:[x]", "containsAny"),
    ])
    func `everything else is a 400 with the offending part and one example`(filter: String, part: String) async throws {
        let client = try await ContractStage.current.client()
        let refused = await refusal(client, "filter=\(percentEncoded(filter))")
        let message = try #require(refused?.messages.first)
        #expect(message.hasPrefix("filter: ") && message.contains(part) && message.contains("; example: "))
    }

    // MARK: pageInfo

    @Test func `pageInfo has the cursors of the page and says what lies around it`() async throws {
        let (client, ids) = try await stage(5)
        let middle = try await client.list(ListParameters(limit: 2, startingAfter: ids[0]))
        #expect(middle.pageInfo.startCursor == ids[1] && middle.pageInfo.endCursor == ids[2])
        #expect(middle.pageInfo.hasNextPage && middle.pageInfo.hasPreviousPage && middle.totalCount == 5)
        let end = try await client.list(ListParameters(startingAfter: ids[4]))
        #expect(end.pageInfo.startCursor == nil && end.pageInfo.endCursor == nil)
        #expect(!end.pageInfo.hasNextPage && end.pageInfo.hasPreviousPage)
    }

    @Test func `fewer records than limit means the last page`() async throws {
        let (client, ids) = try await stage(5)
        let last = try await client.list(ListParameters(limit: 3, startingAfter: ids[2]))
        #expect(last.ids.count == 2 && !last.pageInfo.hasNextPage)
    }
}
