import Logging
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

/// Webhooks whose secret stands encrypted in Redis.
@Suite(.timeLimit(.minutes(1))) struct UnreadableSecretTests {
    private static let here = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    private static let elsewhere = "//////////////////////////////////////////8="

    private func create(_ rig: DeliveryRig, path: String, secrets: SecretBox) async throws -> WebhookID {
        let id = WebhookID.new(milliseconds: wallClockMilliseconds())
        var change = WebhookChange()
        change.set(targetUrl: rig.receiver.url(path))
        change.set(operations: ["*"])
        change.set(secret: try Secret("canary secret"))
        try await WebhookStore(Shard(rig.shard.executor, secrets: secrets)).create(rig.workspace, id, change)
        return id
    }

    @Test
    func `a webhook whose secret no key decrypts is never sent unsigned: it waits, and is sent signed once a key does`()
        async throws
    {
        let rig = try await DeliveryRig.start()
        let mine = try SecretBox("a:\(Self.here)")
        let both = try SecretBox("a:\(Self.here),b:\(Self.elsewhere)")
        let readable = try await create(rig, path: "/readable", secrets: mine)
        let waiting = try await create(rig, path: "/waiting", secrets: try SecretBox("b:\(Self.elsewhere)"))
        let node = try rig.startNode { $0.secrets = mine }
        try await rig.ingest(count: 5)
        try await eventually("the deliveries of the other webhook") { rig.receiver.requestCount == 5 }
        try await throughout(.milliseconds(500), "nothing for the waiting one") {
            rig.receiver.requests.allSatisfy { $0.target == "/readable" && $0.field("webhook-signature") != nil }
        }
        let keys = StoreKeys.shard0
        let endpoint = try await rig.shard.executor.execute(RedisCommand("HGETALL", keys.endpoint(waiting))).fields()
        #expect(endpoint["state"] == "open")
        #expect(endpoint["fails"] == nil && endpoint["lastError"] == nil)
        #expect(try await rig.shard.executor.execute(RedisCommand("LLEN", keys.attempts(waiting))).integer() == 0)
        #expect(try await rig.shard.executor.execute(RedisCommand("LLEN", keys.queue(waiting))).integer() == 5)
        await node.stop()

        // Once a node has the key, the wait ends with its time, and nothing has been lost.
        let heir = try rig.startNode { $0.secrets = both }
        _ = try await rig.shard.executor.execute(RedisCommand("ZADD", keys.timers, "1", "\(waiting)"))
        try await rig.untilDrained()
        let late = rig.receiver.requests.filter { $0.target == "/waiting" }
        #expect(late.count == 5)
        #expect(late.allSatisfy { $0.field("webhook-signature") != nil })
        #expect(rig.receiver.requestCount == 10)
        _ = readable
        await heir.stop()
        try await rig.stop()
    }
}
