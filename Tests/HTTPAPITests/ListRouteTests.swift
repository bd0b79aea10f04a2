import APIClient
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel

@testable import HTTPAPI

@Suite("GET /rest/webhooks", .ownNode, .timeLimit(.minutes(2)))
struct ListRouteTests {
    /// A client of a new workspace with `count` webhooks, and their ids in the order of their creation.
    private func stage(_ count: Int) async throws -> (client: RESTClient, ids: [String]) {
        let client = try await OwnNode.current.client()
        var ids: [String] = []
        for number in 0..<count {
            let webhook = NewWebhook(
                targetUrl: "https://h\(number % 3).example.com/\(number)", operations: ["people.*"],
                description: number.isMultiple(of: 2) ? "even \(number)" : nil)
            ids.append(try await client.create(webhook).id)
        }
        // Those of one millisecond stand in the order of their ids.
        return (client, try await client.list(ListParameters(limit: 1000)).ids)
    }

    private static let lists = [
        ListParameters(), ListParameters(orderBy: "createdAt[DescNullsLast]"),
        ListParameters(orderBy: "description[DescNullsFirst],targetUrl"),
        ListParameters(filter: "targetUrl[like]:example"), ListParameters(filter: "description[is]:NULL"),
        ListParameters(orderBy: "targetUrl[DescNullsLast]", filter: "or(targetUrl[like]:h1,targetUrl[like]:h2)"),
    ]

    @Test(arguments: lists.indices)
    func `pages forth and back make up the whole list, and say where they stand`(index: Int) async throws {
        var parameters = Self.lists[index]
        let (client, _) = try await stage(11)
        parameters.limit = 1000
        let whole = try await client.list(parameters)
        parameters.limit = 3
        var forth: [String] = []
        repeat {
            parameters.startingAfter = forth.last
            let page = try await client.list(parameters)
            #expect(page.totalCount == whole.totalCount)
            #expect(page.pageInfo.startCursor == page.ids.first && page.pageInfo.endCursor == page.ids.last)
            #expect(page.pageInfo.hasPreviousPage == !forth.isEmpty)
            forth += page.ids
            #expect(page.pageInfo.hasNextPage == (forth.count < whole.totalCount))
        } while forth.count < whole.totalCount
        #expect(forth == whole.ids)
        var back = [try #require(whole.ids.last)]
        parameters.startingAfter = nil
        repeat {
            parameters.endingBefore = back.first
            let page = try await client.list(parameters)
            #expect(page.pageInfo.hasNextPage)
            back = page.ids + back
            #expect(page.pageInfo.hasPreviousPage == (back.count < whole.totalCount))
        } while back.count < whole.totalCount
        #expect(back == whole.ids)
    }

    @Test(arguments: lists.indices)
    func `paging survives deletes between pages, of the cursor itself too`(index: Int) async throws {
        var parameters = Self.lists[index]
        let (client, _) = try await stage(11)
        let whole = try await client.list(parameters).ids
        parameters.limit = 2
        #expect(try await client.list(parameters).ids == Array(whole.prefix(2)))
        try await client.delete(whole[0])
        try await client.delete(whole[1])
        try await client.delete(whole[2])
        parameters.startingAfter = whole[1]
        let next = try await client.list(parameters)
        #expect(next.ids == Array(whole.dropFirst(3).prefix(2)))
        #expect(next.totalCount == whole.count - 3)
        #expect(!next.pageInfo.hasPreviousPage)
        parameters.startingAfter = nil
        parameters.endingBefore = whole[2]
        let before = try await client.list(parameters)
        #expect(before.ids.isEmpty && before.pageInfo.hasNextPage && !before.pageInfo.hasPreviousPage)
        #expect(before.pageInfo.startCursor == nil && before.pageInfo.endCursor == nil)
    }

    @Test func `a cursor of another workspace is an unknown one`() async throws {
        let (_, foreign) = try await stage(1)
        let (client, _) = try await stage(2)
        for query in [
            ListParameters(startingAfter: foreign[0]), ListParameters(endingBefore: foreign[0], filter: "id[gt]:0"),
        ] {
            let refused = await #expect(throws: RESTClient.Refused.self) { try await client.list(query) }
            #expect(refused?.status == 400)
            #expect(refused?.messages.first?.hasSuffix("is not the id of a record of this list") == true)
        }
    }

    @Test func `a filter never reaches another workspace`() async throws {
        _ = try await stage(3)
        let (client, ids) = try await stage(2)
        let page = try await client.list(ListParameters(filter: "or(id[neq]:x,targetUrl[like]:%)"))
        #expect(page.ids == ids && page.totalCount == 2)
    }

    @Test func `secrets cannot be asked for, neither by filter nor by order`() async throws {
        let (client, _) = try await stage(1)
        for query in [ListParameters(orderBy: "secret"), ListParameters(filter: "secret[like]:whsec_")] {
            let refused = await #expect(throws: RESTClient.Refused.self) { try await client.list(query) }
            #expect(refused?.status == 400)
        }
    }

    @Test func `every wrong parameter is told at once, and a broken query string is a 400`() async throws {
        let (client, _) = try await stage(1)
        let refused = await #expect(throws: RESTClient.Refused.self) {
            try await client.list(rawQuery: "limit=x&order_by=y&filter=z&starting_after=1")
        }
        #expect(refused?.status == 400)
        #expect(refused?.messages.count == 4)
        for query in ["filter=%zz", "filter=%FF", "filter=%00", "limit=1&limit=2"] {
            let refused = await #expect(throws: RESTClient.Refused.self) { try await client.list(rawQuery: query) }
            #expect(refused?.status == 400, "\(query)")
        }
    }

    @Test func `brackets may be raw or encoded, and a plus is a space`() async throws {
        let (client, ids) = try await stage(4)
        let raw = try await client.list(rawQuery: "filter=description[eq]:even+2&order_by=createdAt[AscNullsLast]")
        let encoded = try await client.list(ListParameters(filter: "description[eq]:even 2"))
        #expect(raw.ids == encoded.ids)
        #expect(raw.totalCount == 1 && ids.contains(raw.ids[0]))
        let none = try await client.list(rawQuery: "filter=description%5Beq%5D%3Aeven%2B2")
        #expect(none.ids.isEmpty)
    }

    @Test func `HEAD answers like GET without the body, and a body sent with GET is ignored`() async throws {
        let (client, _) = try await stage(1)
        let head = try await client.send(.HEAD, "/rest/webhooks?limit=1")
        #expect(head.status == 200 && head.body.readableBytes == 0)
        let get = try await client.send(.GET, "/rest/webhooks?limit=1", body: "{}")
        #expect(get.status == 200)
        #expect(head.headers["content-length"] == get.headers["content-length"])
    }

    @Test func `a key that may only read may list`() async throws {
        let reader = try await OwnNode.current.client(scopes: .read)
        #expect(try await reader.list() == (try await reader.list(ListParameters(limit: 60))))
        let producer = try await OwnNode.current.client(scopes: .events)
        let refused = await #expect(throws: RESTClient.Refused.self) { try await producer.list() }
        #expect(refused?.status == 403)
    }
}
