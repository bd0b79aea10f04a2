import Testing
import WebhookModel

@testable import Delivery

@Suite struct SubscriptionCacheTests {
    private let cache = SubscriptionCache(maximumWebhooks: 10)

    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

    private func webhook(_ number: UInt64, version: Int64, isEnabled: Bool = true) -> CachedWebhook {
        CachedWebhook(
            Webhook(
                id: WebhookID(UUIDValue(high: 1, low: number)), targetUrl: "https://example.com/",
                operations: ["*", "*"], isEnabled: isEnabled, createdAt: 0, updatedAt: 0, version: version),
            destination: nil)
    }

    private func page(
        _ webhooks: [CachedWebhook], deleted: [WebhookID] = [], version: Int64, position: Int64? = nil,
        hasMore: Bool = false
    ) -> LoadedPage {
        LoadedPage(
            version: version, position: position ?? version, hasMore: hasMore, webhooks: webhooks, deleted: deleted)
    }

    /// A workspace that stands at version 5 at the time 0.
    private func loaded(_ text: String = "w", webhooks count: UInt64 = 1) throws -> WorkspaceSubscriptions {
        cache.observe(version: 5, sent: at(0), received: at(1))
        let workspace = cache.workspace(try name(text))
        let webhooks = (1...count).map { webhook($0, version: Int64($0)) }
        let isUsed = cache.read(
            page(webhooks, version: 5), of: workspace, sent: at(2), received: at(3), epoch: cache.epoch)
        #expect(isUsed)
        return workspace
    }

    @Test func `a workspace is current after its last page and not before`() throws {
        cache.observe(version: 5, sent: at(0), received: at(1))
        let workspace = cache.workspace(try name("w"))
        #expect(!workspace.isCurrent)
        _ = cache.read(
            page([webhook(1, version: 2)], version: 5, position: 2, hasMore: true), of: workspace, sent: at(1),
            received: at(2), epoch: cache.epoch)
        #expect(!workspace.isCurrent)
        #expect(workspace.position == 2)
        _ = cache.read(
            page([webhook(2, version: 4)], version: 5, position: 4), of: workspace, sent: at(2), received: at(3),
            epoch: cache.epoch)
        #expect(workspace.isCurrent)
        #expect(workspace.webhooks.count == 2)
    }

    @Test func `another version asks for changes, and only the workspaces they name are read again`() throws {
        let changed = try loaded("changed")
        let other = try loaded("other")
        cache.observe(version: 7, sent: at(10), received: at(11))
        #expect(cache.needsChanges)
        #expect(!cache.isFresh(at: at(12)))
        let stale = cache.changed(
            [try name("changed"), try name("unknown")], reached: 7, current: 7, sent: at(12), received: at(13),
            epoch: cache.epoch)
        #expect(stale.map(\.name.text) == ["changed"])
        #expect(!changed.isCurrent)
        #expect(other.isCurrent)
        #expect(!cache.needsChanges)
        #expect(cache.isFresh(at: at(1011)))
        #expect(!cache.isFresh(at: at(1012)))
        _ = cache.read(
            page([], deleted: [WebhookID(UUIDValue(high: 1, low: 1))], version: 7), of: changed, sent: at(14),
            received: at(15), epoch: cache.epoch)
        #expect(changed.isCurrent)
        #expect(changed.webhooks.isEmpty)
        #expect(changed.index.isEmpty)
    }

    @Test func `changes that do not reach the version are asked again`() throws {
        _ = try loaded()
        cache.observe(version: 9, sent: at(10), received: at(11))
        _ = cache.changed([], reached: 7, current: 9, sent: at(12), received: at(13), epoch: cache.epoch)
        #expect(cache.needsChanges)
        #expect(cache.version == 7)
        _ = cache.changed([], reached: 9, current: 9, sent: at(14), received: at(15), epoch: cache.epoch)
        #expect(!cache.needsChanges)
        #expect(cache.version == 9)
    }

    @Test func `a page that is older than a named change does not make the workspace current`() throws {
        let workspace = try loaded()
        cache.observe(version: 8, sent: at(10), received: at(11))
        _ = cache.changed(
            [try name("w")], reached: 8, current: 8, sent: at(12), received: at(13), epoch: cache.epoch)
        _ = cache.read(page([], version: 6), of: workspace, sent: at(9), received: at(14), epoch: cache.epoch)
        #expect(!workspace.isCurrent)
        _ = cache.read(page([], version: 8), of: workspace, sent: at(15), received: at(16), epoch: cache.epoch)
        #expect(workspace.isCurrent)
    }

    @Test func `a version that went back forgets everything`() throws {
        let workspace = try loaded()
        let webhook = try #require(workspace.webhooks.values.first)
        let epoch = cache.epoch
        cache.observe(version: 3, sent: at(20), received: at(21))
        #expect(!workspace.isCurrent)
        #expect(workspace.position == 0)
        #expect(!webhook.isCurrent)
        #expect(cache.epoch == epoch + 1)
        #expect(cache.version == 3)
        let isUsed = cache.read(page([], version: 3), of: workspace, sent: at(4), received: at(22), epoch: epoch)
        #expect(!isUsed)
        #expect(!workspace.isCurrent)
    }

    @Test func `an older reply over the other connection is no version that went back`() throws {
        let workspace = try loaded()
        cache.observe(version: 6, sent: at(10), received: at(11))
        _ = cache.changed([], reached: 6, current: 6, sent: at(12), received: at(14), epoch: cache.epoch)
        cache.observe(version: 5, sent: at(13), received: at(15))
        #expect(workspace.isCurrent)
        #expect(cache.version == 6)
        cache.observe(version: 5, sent: at(15), received: at(16))
        #expect(!workspace.isCurrent)
        #expect(cache.version == 5)
    }

    @Test func `a lost connection forgets everything, and the next reply is where it stands`() throws {
        let workspace = try loaded()
        cache.forgetAll()
        #expect(cache.version == nil)
        #expect(!workspace.isCurrent)
        #expect(!cache.isFresh(at: at(3)))
        cache.observe(version: 5, sent: at(30), received: at(31))
        #expect(cache.isFresh(at: at(32)))
        #expect(!workspace.isCurrent)
    }

    @Test func `while nothing is cached, a new version asks for nothing`() throws {
        cache.observe(version: 5, sent: at(0), received: at(1))
        let workspace = cache.workspace(try name("w"))
        cache.observe(version: 9, sent: at(2), received: at(3))
        #expect(!cache.needsChanges)
        #expect(cache.version == 9)
        // A page that was asked for before says nothing about the ninth change.
        _ = cache.read(page([], version: 5), of: workspace, sent: at(1), received: at(4), epoch: cache.epoch)
        #expect(!workspace.isCurrent)
    }

    @Test func `a workspace that was not brought up to date for twelve hours begins anew`() throws {
        let workspace = try loaded()
        cache.observe(version: 6, sent: at(10), received: at(11))
        _ = cache.changed(
            [try name("w")], reached: 6, current: 6, sent: at(12), received: at(13), epoch: cache.epoch)
        let twelveHours = SubscriptionCache.maximumAge.count
        cache.forgetIfTooOld(workspace, at: at(twelveHours))
        #expect(workspace.position == 5)
        cache.forgetIfTooOld(workspace, at: at(twelveHours + 10))
        #expect(workspace.position == 0)
        #expect(workspace.webhooks.isEmpty)
    }

    @Test func `a current workspace is kept however long nothing happens`() throws {
        let workspace = try loaded()
        cache.forgetIfTooOld(workspace, at: at(SubscriptionCache.maximumAge.count * 3))
        #expect(workspace.isCurrent)
    }

    @Test func `the workspace used longest ago goes when there is no room, but not one that is held`() throws {
        let held = try loaded("held", webhooks: 4)
        held.holders = 1
        let old = try loaded("old", webhooks: 4)
        _ = cache.workspace(try name("held"))
        let new = try loaded("new", webhooks: 4)
        #expect(held.isCurrent)
        #expect(!old.isCurrent)
        #expect(new.isCurrent)
        #expect(cache.workspace(try name("old")) !== old)
    }

    @Test func `a disabled webhook is known and matches nothing`() throws {
        let workspace = try loaded()
        let id = WebhookID(UUIDValue(high: 1, low: 1))
        let before = try #require(workspace.webhooks[id])
        _ = cache.read(
            page([webhook(1, version: 6, isEnabled: false)], version: 6), of: workspace, sent: at(5), received: at(6),
            epoch: cache.epoch)
        #expect(workspace.webhooks[id]?.isEnabled == false)
        #expect(workspace.index.isEmpty)
        #expect(!before.isCurrent)
    }
}
