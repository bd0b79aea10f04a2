import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

/// A private Redis with numbered webhooks in one workspace.
private struct ListRig: Sendable {
    let redis: RedisServer
    let connection: RedisConnection
    let store: WebhookStore
    let workspace = WorkspaceName("acme")!

    static func start() async throws -> ListRig {
        let redis = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: redis.url)
        configuration.commandTimeout = .seconds(20)
        let connection = try await RedisConnection.connect(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
        return ListRig(redis: redis, connection: connection, store: WebhookStore(Shard(connection)))
    }

    func id(_ number: Int) -> WebhookID { WebhookID(UUIDValue(high: 0x0199_D1C2_0000_7000, low: UInt64(number))) }

    func create(_ number: Int, target: String? = nil, description: String? = nil, isEnabled: Bool = true) async throws {
        var change = WebhookChange()
        change.set(targetUrl: target ?? "https://h\(number % 10).example/\(number)")
        change.set(operations: ["people.created", "company.*"])
        if let description { change.set(description: description) }
        change.set(isEnabled: isEnabled)
        try await store.create(workspace, id(number), change)
    }

    /// Webhooks 1 to `count`, made in this order.
    func fill(_ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count { group.addTask { try await create(number) } }
            try await group.waitForAll()
        }
        // Created at once, they would stand in the order of their creation times alone.
        for number in 1...count { try await setCreatedAt(number, Int64(number)) }
    }

    func setCreatedAt(_ number: Int, _ time: Int64) async throws {
        let keys = store.shard.keys
        _ = try await connection.execute(
            RedisCommand("HSET", keys.webhook(workspace, id(number)), "createdAt", "\(time)"))
        _ = try await connection.execute(RedisCommand("ZADD", keys.webhooks(workspace), "\(time)", "\(id(number))"))
    }

    func list(_ query: String) async throws -> WebhookPage { try await store.list(workspace, ListQuery.read(query)) }

    func numbers(_ query: String) async throws -> [Int] { try await list(query).numbers }

    func delete(_ number: Int) async throws { try await store.delete(workspace, id(number)) }
}

extension WebhookPage {
    fileprivate var numbers: [Int] { webhooks.map { Int($0.id.uuid.low) } }
}

@Suite("Lists of webhooks", .timeLimit(.minutes(2)))
struct WebhookListTests {
    /// The same list, answered by the index and by reading everything.
    private static let ways = ["", "&filter=targetUrl[like]:example", "&order_by=createdAt,id"]

    @Test(arguments: ways)
    func `a walk in either direction meets every webhook once and says where it stands`(way: String) async throws {
        let rig = try await ListRig.start()
        try await rig.fill(25)
        var seen: [Int] = []
        var cursor = ""
        while true {
            let page = try await rig.list("limit=10&starting_after=\(cursor)\(way)")
            #expect(page.totalCount == 25)
            #expect(page.hasPreviousPage == !seen.isEmpty)
            seen += page.numbers
            #expect(page.hasNextPage == (seen.count < 25))
            guard page.hasNextPage, let last = page.webhooks.last else { break }
            cursor = "\(last.id)"
        }
        #expect(seen == Array(1...25))
        var back: [Int] = []
        cursor = "\(rig.id(25))"
        while true {
            let page = try await rig.list("limit=10&ending_before=\(cursor)\(way)")
            #expect(page.hasNextPage)
            back = page.numbers + back
            guard page.hasPreviousPage, let first = page.webhooks.first else { break }
            cursor = "\(first.id)"
        }
        #expect(back == Array(1...24))
    }

    @Test(arguments: ways)
    func `a limit of 0 gives no record and still counts`(way: String) async throws {
        let rig = try await ListRig.start()
        try await rig.fill(5)
        let first = try await rig.list("limit=0\(way)")
        #expect(first.numbers.isEmpty && first.totalCount == 5 && first.hasNextPage && !first.hasPreviousPage)
        let middle = try await rig.list("limit=0&starting_after=\(rig.id(3))\(way)")
        #expect(middle.numbers.isEmpty && middle.hasNextPage && middle.hasPreviousPage)
        let end = try await rig.list("limit=0&starting_after=\(rig.id(5))\(way)")
        #expect(end.numbers.isEmpty && !end.hasNextPage && end.hasPreviousPage)
        let before = try await rig.list("limit=0&ending_before=\(rig.id(1))\(way)")
        #expect(before.numbers.isEmpty && before.hasNextPage && !before.hasPreviousPage)
    }

    @Test(arguments: ways)
    func `an empty workspace has an empty page`(way: String) async throws {
        let rig = try await ListRig.start()
        let page = try await rig.list("limit=5\(way)")
        #expect(page == WebhookPage(webhooks: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0))
    }

    @Test(arguments: ways)
    func `pages longer than a chunk are whole, in both directions`(way: String) async throws {
        let rig = try await ListRig.start()
        try await rig.fill(450)
        #expect(try await rig.numbers("limit=1000\(way)") == Array(1...450))
        #expect(try await rig.numbers("limit=401&starting_after=\(rig.id(20))\(way)") == Array(21...421))
        let before = try await rig.list("limit=401&ending_before=\(rig.id(450))\(way)")
        #expect(before.numbers == Array(49...449))
        #expect(before.hasNextPage && before.hasPreviousPage && before.totalCount == 450)
        #expect(try await rig.numbers("limit=500&ending_before=\(rig.id(450))\(way)") == Array(1...449))
        #expect(try await rig.store.all(rig.workspace).count == 450)
    }

    @Test(arguments: ways)
    func `paging survives deletes between pages, of the cursor too`(way: String) async throws {
        let rig = try await ListRig.start()
        try await rig.fill(12)
        #expect(try await rig.numbers("limit=4\(way)") == [1, 2, 3, 4])
        for number in [2, 4, 5] { try await rig.delete(number) }
        let next = try await rig.list("limit=4&starting_after=\(rig.id(4))\(way)")
        #expect(next.numbers == [6, 7, 8, 9] && next.hasPreviousPage && next.hasNextPage && next.totalCount == 9)
        let back = try await rig.list("limit=4&ending_before=\(rig.id(5))\(way)")
        #expect(back.numbers == [1, 3] && !back.hasPreviousPage && back.hasNextPage)
    }

    @Test(arguments: ways)
    func `an id of nobody and one of another workspace are unknown cursors`(way: String) async throws {
        let rig = try await ListRig.start()
        try await rig.fill(2)
        let foreign = WebhookID.new(milliseconds: 1)
        var change = WebhookChange()
        change.set(targetUrl: "https://h.example/")
        change.set(operations: ["*"])
        let stranger = try #require(WorkspaceName("stranger"))
        try await rig.store.create(stranger, foreign, change)
        for cursor in [foreign, WebhookID.new(milliseconds: 2)] {
            await #expect(throws: StoreError.unknownCursor) { try await rig.list("starting_after=\(cursor)\(way)") }
            await #expect(throws: StoreError.unknownCursor) { try await rig.list("ending_before=\(cursor)\(way)") }
        }
        try await rig.store.delete(stranger, foreign)
        await #expect(throws: StoreError.unknownCursor) { try await rig.list("starting_after=\(foreign)\(way)") }
    }

    @Test func `the cursor of a filtered list need not match the filter`() async throws {
        let rig = try await ListRig.start()
        try await rig.fill(9)
        let page = try await rig.list("filter=targetUrl[like]:h2,targetUrl[like]:/2&starting_after=\(rig.id(1))")
        #expect(page.numbers == [2] && page.totalCount == 1 && !page.hasNextPage && !page.hasPreviousPage)
        let behind = try await rig.list("filter=targetUrl[startsWith]:https://h2&starting_after=\(rig.id(5))")
        #expect(behind.numbers.isEmpty && behind.hasPreviousPage && !behind.hasNextPage && behind.totalCount == 1)
    }

    @Test func `sorted lists page by the fields of their order, nulls where the direction says`() async throws {
        let rig = try await ListRig.start()
        for (number, description) in [(1, "b"), (2, nil), (3, "a"), (4, nil), (5, "c")] as [(Int, String?)] {
            try await rig.create(number, description: description)
        }
        let orders: [(String, [Int])] = [
            ("AscNullsFirst", [2, 4, 3, 1, 5]), ("AscNullsLast", [3, 1, 5, 2, 4]), ("DescNullsFirst", [2, 4, 5, 1, 3]),
            ("DescNullsLast", [5, 1, 3, 2, 4]),
        ]
        for (direction, expected) in orders {
            let order = "order_by=description[\(direction)]"
            #expect(try await rig.numbers(order) == expected)
            for (index, number) in expected.enumerated() {
                let after = try await rig.list("\(order)&limit=2&starting_after=\(rig.id(number))")
                #expect(after.numbers == Array(expected[(index + 1)...].prefix(2)))
                #expect(after.hasPreviousPage && after.hasNextPage == (index + 3 < expected.count))
                let before = try await rig.list("\(order)&limit=2&ending_before=\(rig.id(number))")
                #expect(before.numbers == Array(expected[..<index].suffix(2)))
                #expect(before.hasNextPage && before.hasPreviousPage == (index > 2))
            }
        }
    }

    @Test func `a webhook deleted less than a day ago is a cursor in every order`() async throws {
        let rig = try await ListRig.start()
        for number in 1...6 {
            let description = number.isMultiple(of: 2) ? nil : "d\(7 - number)"
            try await rig.create(number, description: description, isEnabled: number > 3)
        }
        for field in OrderField.allCases {
            for direction in OrderDirection.allCases {
                let order = "order_by=\(field.rawValue)[\(direction.rawValue)]"
                let expected = try await rig.numbers(order)
                let position = 2
                let gone = expected[position]
                let kept = try #require(try await rig.store.find(rig.workspace, rig.id(gone)))
                try await rig.delete(gone)
                #expect(
                    try await rig.numbers("\(order)&starting_after=\(rig.id(gone))")
                        == Array(expected[(position + 1)...]),
                    "\(order)")
                #expect(
                    try await rig.numbers("\(order)&ending_before=\(rig.id(gone))") == Array(expected[..<position]),
                    "\(order)")
                // Back as it was, for the next order.
                try await rig.create(
                    gone, target: kept.targetUrl, description: kept.description, isEnabled: kept.isEnabled)
                try await rig.setCreatedAt(gone, kept.createdAt)
                _ = try await rig.connection.execute(
                    RedisCommand(
                        "HSET", rig.store.shard.keys.webhook(rig.workspace, rig.id(gone)), "updatedAt",
                        "\(kept.updatedAt)"))
            }
        }
    }

    @Test func `what is deleted and made during a walk over all moves nothing else`() async throws {
        let rig = try await ListRig.start()
        try await rig.fill(600)
        async let deletions: Void = {
            for number in stride(from: 3, through: 600, by: 3) { try await rig.delete(number) }
        }()
        for _ in 0..<20 {
            let page = try await rig.list("limit=1000&filter=targetUrl[like]:example")
            let numbers = page.numbers
            #expect(Set(numbers).count == numbers.count)
            #expect(numbers.count { !$0.isMultiple(of: 3) } == 400)
            #expect(page.totalCount == numbers.count)
        }
        try await deletions
        #expect(try await rig.list("filter=targetUrl[like]:example").totalCount == 400)
    }

    @Test func `lists never ask Redis for keys and never touch more than a chunk at once`() async throws {
        let rig = try await ListRig.start()
        try await rig.fill(450)
        _ = try await rig.connection.execute(RedisCommand("CONFIG", "RESETSTAT"))
        _ = try await rig.list("limit=1000")
        _ = try await rig.list("limit=10&filter=isEnabled[eq]:true&order_by=targetUrl")
        let statistics = try await rig.connection.execute(RedisCommand("INFO", "commandstats")).text()
        let calls = statistics.split(whereSeparator: \.isNewline).compactMap { line -> (String, Int)? in
            guard line.hasPrefix("cmdstat_"), let end = line.firstIndex(of: ":") else { return nil }
            let count = line[end...].dropFirst().split(separator: ",").first?.split(separator: "=").last
            return (String(line[..<end].dropFirst("cmdstat_".count)), count.flatMap { Int($0) } ?? 0)
        }
        let names = Set(calls.map(\.0))
        #expect(names.isDisjoint(with: ["keys", "scan", "hscan", "zscan", "sort", "hgetall"]), "\(names)")
        // Three chunks each: at most 200 webhooks a call.
        #expect(calls.filter { $0.0.hasPrefix("evalsha") }.reduce(0) { $0 + $1.1 } >= 6)
        #expect(calls.first { $0.0 == "hmget" }?.1 == 900)
    }
}
