import RedisClient
import Testing
import WebhookModel
import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Webhooks in the store` {
    private func change(_ body: (inout WebhookChange) throws -> Void) rethrows -> WebhookChange {
        var change = WebhookChange()
        try body(&change)
        return change
    }

    @Test func `come back as they were saved`() async throws {
        let rig = try await StoreRig.fresh()
        let before = try await rig.now()
        try await rig.webhooks.create(
            acme, StoreRig.webhook(1),
            change {
                $0.set(targetUrl: "https://x.example/ä?a=%20b")
                $0.set(operations: ["people.created", "*", "person.*", "*"])
                $0.set(description: "text,\n😀")
                $0.set(secret: try Secret("s3cret"))
                $0.set(isEnabled: true)
            })
        let webhook = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        #expect(webhook.targetUrl == "https://x.example/ä?a=%20b")
        #expect(webhook.operations == ["people.created", "*", "person.*", "*"])
        #expect(webhook.description == "text,\n😀")
        #expect(webhook.secret?.exposedText == "s3cret")
        #expect(webhook.isEnabled)
        #expect(webhook.createdAt >= before && webhook.createdAt == webhook.updatedAt)
        #expect(webhook.version == 1)
        #expect(try await rig.webhooks.find(other, StoreRig.webhook(1)) == nil)
        #expect(try await rig.hash(rig.keys.endpoint(StoreRig.webhook(1))) == ["ws": "acme", "state": "ok"])
        try await rig.check()
    }

    @Test func `a change touches the given fields alone, and clears what it is told to`() async throws {
        let rig = try await StoreRig.fresh()
        try await rig.register([1], secret: "first secret")
        let old = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        try await rig.webhooks.update(acme, StoreRig.webhook(1), change { $0.set(description: "d") })
        var webhook = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        #expect(webhook.description == "d")
        #expect(webhook.secret == old.secret)
        #expect(webhook.version == 2)
        #expect(webhook.createdAt == old.createdAt && webhook.updatedAt >= old.updatedAt)
        try await rig.webhooks.update(
            acme, StoreRig.webhook(1),
            change {
                $0.set(description: nil)
                $0.set(secret: nil)
            })
        webhook = try #require(try await rig.webhooks.find(acme, StoreRig.webhook(1)))
        #expect(webhook.description == nil)
        #expect(webhook.secret == nil)
        #expect(webhook.targetUrl == old.targetUrl)
    }

    @Test func `a rotation keeps one previous secret for its grace period, a new secret or no grace none`() async throws
    {
        let rig = try await StoreRig.fresh()
        try await rig.register([1])
        let id = StoreRig.webhook(1)
        func rotate(_ text: String, _ grace: Duration) async throws -> Webhook {
            try await rig.webhooks.update(acme, id, change { $0.rotate(to: try Secret(text), grace: grace) })
            return try #require(try await rig.webhooks.find(acme, id))
        }
        // None before: none to keep.
        #expect(try await rotate("one", .seconds(60)).previousSecret == nil)
        let now = try await rig.now()
        let second = try await rotate("two", .seconds(60))
        #expect(second.secret?.exposedText == "two")
        let previous = try #require(second.previousSecret)
        #expect(previous.secret.exposedText == "one")
        #expect((60_000...61_000).contains(previous.validUntil - now))
        #expect(try await rotate("three", .seconds(5)).previousSecret?.secret.exposedText == "two")
        #expect(try await rotate("four", .zero).previousSecret == nil)
        _ = try await rotate("five", .seconds(60))
        try await rig.webhooks.update(acme, id, change { $0.set(secret: try Secret("six")) })
        #expect(try await rig.webhooks.find(acme, id)?.previousSecret == nil)
    }

    @Test func `an id is taken once, an unknown one is missing, and a workspace has a limit`() async throws {
        var limits = StoreLimits()
        limits.maximumWebhooks = 2
        let rig = try await StoreRig.fresh(limits: limits)
        try await rig.register([1])
        await #expect(throws: StoreError.exists) { try await rig.register([1]) }
        await #expect(throws: StoreError.missing) {
            try await rig.webhooks.update(acme, StoreRig.webhook(9), change { $0.set(description: "d") })
        }
        await #expect(throws: StoreError.missing) {
            try await rig.webhooks.update(other, StoreRig.webhook(1), change { $0.set(description: "d") })
        }
        await #expect(throws: StoreError.missing) { try await rig.webhooks.delete(other, StoreRig.webhook(1)) }
        try await rig.register([2])
        await #expect(throws: StoreError.limitReached) { try await rig.register([3]) }
        try await rig.register([3], other)
        #expect(try await rig.command("GET", rig.keys.version).text() == "3")
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        try await rig.register([4])
        try await rig.check()
    }

    @Test
    func `a deleted one is gone at once, twice is missing, and its id stays a cursor for a day without its secret`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        try await rig.register(0..<3, secret: "very secret")
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        #expect(try await rig.webhooks.find(acme, StoreRig.webhook(1)) == nil)
        await #expect(throws: StoreError.missing) { try await rig.webhooks.delete(acme, StoreRig.webhook(1)) }
        let cursor = rig.keys.deleted(acme, StoreRig.webhook(1))
        let kept = Set(try await rig.hash(cursor).keys)
        #expect(kept.isSuperset(of: ["id", "targetUrl", "isEnabled", "createdAt", "updatedAt"]))
        #expect(kept.isDisjoint(with: ["secret", "previousSecret"]))
        #expect((86_000...86_400).contains(try await rig.number("TTL", cursor)))
        let tomb = rig.keys.endpoint(StoreRig.webhook(1))
        #expect(try await rig.hash(tomb) == ["ws": "acme", "state": "deleted"])
        #expect(try await rig.number("TTL", tomb) > 8 * 86_400)
        let page = try await rig.webhooks.page(acme, .after(StoreRig.webhook(1)), limit: 9)
        #expect(page.webhooks.map(\.id) == [StoreRig.webhook(2)])
        #expect(page.totalCount == 2)
        try await rig.check()
    }

    @Test func `pages go forth and back in the order of creation`() async throws {
        let rig = try await StoreRig.fresh()
        try await rig.register(0..<7)
        try await rig.register([50], other)
        func ids(_ position: WebhookStore.Position, _ limit: Int) async throws -> [Int] {
            let page = try await rig.webhooks.page(acme, position, limit: limit)
            #expect(page.totalCount == 7)
            return (0..<7).filter { n in page.webhooks.contains { $0.id == StoreRig.webhook(n) } }
        }
        #expect(try await ids(.beginning, 3) == [0, 1, 2])
        #expect(try await ids(.after(StoreRig.webhook(2)), 3) == [3, 4, 5])
        #expect(try await ids(.after(StoreRig.webhook(6)), 3) == [])
        #expect(try await ids(.before(StoreRig.webhook(3)), 2) == [1, 2])
        #expect(try await ids(.before(StoreRig.webhook(1)), 5) == [0])
        #expect(try await ids(.beginning, 0) == [])
        let middle = try await rig.webhooks.page(acme, .before(StoreRig.webhook(3)), limit: 2)
        #expect(middle.hasPreviousPage && middle.hasNextPage)
        let whole = try await rig.webhooks.page(acme, .beginning, limit: 7)
        #expect(!whole.hasPreviousPage && !whole.hasNextPage)
        await #expect(throws: StoreError.unknownCursor) {
            _ = try await rig.webhooks.page(acme, .after(StoreRig.webhook(50)), limit: 1)
        }
        #expect(try await rig.webhooks.all(acme).map(\.id) == (0..<7).map { StoreRig.webhook($0) })
    }

    @Test func `all of a workspace are read in chunks`() async throws {
        let rig = try await StoreRig.fresh()
        try await rig.register(0..<(WebhookStore.chunk * 2))
        #expect(try await rig.webhooks.all(acme).count == WebhookStore.chunk * 2)
    }
}

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Following the configuration` {
    @Test func `changes name the workspaces changed after a version`() async throws {
        let rig = try await StoreRig.fresh()
        #expect(try await rig.feed.changes(since: 0) == (0, 0, []))
        try await rig.register([1])
        try await rig.register([2], other)
        try await rig.setEnabled(1, false)
        #expect(try await rig.feed.changes(since: 0) == (3, 3, [other, acme]))
        #expect(try await rig.feed.changes(since: 2) == (3, 3, [acme]))
        #expect(try await rig.feed.changes(since: 3) == (3, 3, []))
    }

    @Test func `more than a thousand changed workspaces come in parts`() async throws {
        let rig = try await StoreRig.fresh()
        for n in 0..<1003 { try await rig.register([n], WorkspaceName("w\(n)")!) }
        let first = try await rig.feed.changes(since: 0)
        #expect(first.version == 1003)
        #expect(first.reached == 1000)
        #expect(first.workspaces.count == 1000)
        let rest = try await rig.feed.changes(since: first.reached)
        #expect(rest.reached == 1003)
        #expect(rest.workspaces.count == 3)
    }

    @Test func `a load goes in pages by the order of change, and a change between two pages is met at the end`()
        async throws
    {
        let rig = try await StoreRig.fresh()
        try await rig.register(0..<520)
        let first = try await rig.feed.load(acme, after: 0)
        #expect(first.more)
        #expect(first.changes.count == 500)
        var change = WebhookChange()
        change.set(targetUrl: "https://changed.example")
        try await rig.webhooks.update(acme, StoreRig.webhook(3), change)
        try await rig.webhooks.delete(acme, StoreRig.webhook(5))
        let second = try await rig.feed.load(acme, after: try #require(first.changes.last).version)
        #expect(!second.more)
        #expect(second.changes.count == 22)
        #expect(second.changes[20].webhook?.targetUrl == "https://changed.example")
        #expect(second.changes[21].id == StoreRig.webhook(5))
        #expect(second.changes[21].webhook == nil)
        #expect(second.version == second.changes[21].version)
    }

    @Test func `a deletion is told for a day and then forgotten`() async throws {
        let rig = try await StoreRig.fresh()
        try await rig.register([1, 2])
        try await rig.webhooks.delete(acme, StoreRig.webhook(1))
        #expect(
            try await rig.feed.load(acme, after: 0).changes.map(\.id) == [StoreRig.webhook(2), StoreRig.webhook(1)])
        try await rig.command("DEL", rig.keys.deleted(acme, StoreRig.webhook(1)))
        _ = try await rig.feed.load(acme, after: 0)
        #expect(try await rig.feed.load(acme, after: 0).changes.map(\.id) == [StoreRig.webhook(2)])
    }
}
