import RedisClient
import TestSupport
import Testing
import WebhookModel

@testable import WebhookStore

@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `Secrets at rest` {
    private static func key(_ byte: UInt8) -> String {
        String(decoding: base64([UInt8](repeating: byte, count: 32)), as: UTF8.self)
    }
    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        bytes.withUnsafeBytes { Base64.append($0, to: &text) }
        return text
    }

    private static func box(_ keys: String) -> SecretBox {
        let box = try? SecretBox(keys)
        #expect(box != nil)
        return box ?? .plain
    }

    private static let old = box("old:\(key(1))")
    private static let both = box("new:\(key(2)),old:\(key(1))")
    private static let new = box("new:\(key(2))")
    private static let text = "my canary secret"

    private func rig(_ secrets: SecretBox) async throws -> (StoreRig, WebhookStore) {
        let rig = try await StoreRig.fresh()
        return (rig, WebhookStore(Shard(rig.redis, secrets: secrets)))
    }

    private func store(_ rig: StoreRig, _ secrets: SecretBox) -> WebhookStore {
        WebhookStore(Shard(rig.redis, secrets: secrets))
    }

    private func create(_ store: WebhookStore, _ n: Int = 1, secret: String = text) async throws {
        var change = WebhookChange()
        change.set(targetUrl: "https://x.example")
        change.set(operations: ["*"])
        change.set(secret: try Secret(secret))
        try await store.create(acme, StoreRig.webhook(n), change)
    }

    private func stored(_ rig: StoreRig, _ field: String = "secret", _ n: Int = 1) async throws -> String? {
        try await rig.command("HGET", rig.keys.webhook(acme, StoreRig.webhook(n)), field).optionalText()
    }

    @Test func `are readable text that says the key and nothing else, another one each time`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        try await create(webhooks, 2)
        let first = try #require(try await stored(rig))
        #expect(first.hasPrefix("enc:v1:old:"))
        #expect(first.utf8.allSatisfy { (0x21...0x7e).contains($0) })
        #expect(!first.contains(Self.text))
        #expect(try await stored(rig, "secret", 2) != first)
        #expect(try await webhooks.find(acme, StoreRig.webhook(1))?.secret?.exposedText == Self.text)
        #expect(try await webhooks.all(acme).map { $0.secret?.exposedText } == [Self.text, Self.text])
        let loaded = try await SubscriptionFeed(webhooks.shard).load(acme, after: 0).changes
        #expect(loaded.map { $0.webhook?.secret?.exposedText } == [Self.text, Self.text])
    }

    @Test func `moved by a rotation are read from where they are now`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        let before = try await stored(rig)
        var change = WebhookChange()
        change.rotate(to: try Secret("the next one"), grace: .seconds(60))
        try await webhooks.update(acme, StoreRig.webhook(1), change)
        #expect(try await stored(rig, "previousSecret") == before)
        let webhook = try #require(try await webhooks.find(acme, StoreRig.webhook(1)))
        #expect(webhook.secret?.exposedText == "the next one")
        #expect(webhook.previousSecret?.secret.exposedText == Self.text)
        #expect(webhook.secretUnreadableUntil == nil)
    }

    @Test func `are decrypted by every key and encrypted by the first`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        #expect(try await store(rig, Self.both).find(acme, StoreRig.webhook(1))?.secret?.exposedText == Self.text)
        try await create(store(rig, Self.both), 2)
        #expect(try await stored(rig, "secret", 2)?.hasPrefix("enc:v1:new:") == true)
    }

    @Test func `without their key are unreadable, and the webhook says that it has one`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        let damaged = try await stored(rig).map { String($0.dropLast(6)) + "AAAAA=" }
        for box in [Self.new, .plain, try SecretBox("old:\(Self.key(9))")] {
            let webhook = try #require(try await store(rig, box).find(acme, StoreRig.webhook(1)))
            #expect(webhook.secret == nil)
            #expect(webhook.secretUnreadableUntil == .max)
            #expect(String(decoding: WebhookJSON.updated(webhook), as: UTF8.self).contains(#""hasSecret":true"#))
        }
        // A previous one is needed until its end.
        try await rig.command(
            "HSET", rig.keys.webhook(acme, StoreRig.webhook(1)), "secret", "plain one", "previousSecret", damaged ?? "",
            "previousSecretUntil", "1700000000000")
        #expect(try await webhooks.find(acme, StoreRig.webhook(1))?.secretUnreadableUntil == 1_700_000_000_000)
        for odd in [
            "enc:", "enc:v1:", "enc:v1:old:", "enc:v1:old:!!!!", "enc:v1:old:AAAA", "enc:v2:old:AAAA", "enc:v1:old",
        ] {
            try await rig.command("HSET", rig.keys.webhook(acme, StoreRig.webhook(1)), "secret", odd)
            #expect(try await webhooks.find(acme, StoreRig.webhook(1))?.secretUnreadableUntil == .max, "\(odd)")
        }
    }

    @Test func `are of no use at another webhook or in another workspace`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks, 1)
        try await create(webhooks, 2, secret: "other")
        let moved = try #require(try await stored(rig))
        try await rig.command("HSET", rig.keys.webhook(acme, StoreRig.webhook(2)), "secret", moved)
        #expect(try await webhooks.find(acme, StoreRig.webhook(2))?.secretUnreadableUntil == .max)
        try await rig.command(
            "HSET", rig.keys.webhook(other, StoreRig.webhook(1)), "targetUrl", "https://y", "secret", moved)
        #expect(try await webhooks.find(other, StoreRig.webhook(1))?.secretUnreadableUntil == .max)
    }

    @Test(arguments: ["plain text", "enc:v1:old:AAAA", "enc:", "plain:x", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    func `come back as they were submitted, whatever they look like, with keys and without`(_ text: String) async throws
    {
        for box in [SecretBox.plain, Self.old] {
            let (_, webhooks) = try await rig(box)
            try await create(webhooks, secret: text)
            #expect(try await webhooks.find(acme, StoreRig.webhook(1))?.secret?.exposedText == text)
        }
    }

    @Test func `of before the first key are still read`() async throws {
        let (rig, webhooks) = try await rig(.plain)
        try await create(webhooks)
        #expect(try await stored(rig) == Self.text)
        #expect(try await store(rig, Self.old).find(acme, StoreRig.webhook(1))?.secret?.exposedText == Self.text)
    }

    @Test func `are brought under the first key, previous ones too, once, and nodes look again`() async throws {
        let (rig, plain) = try await rig(.plain)
        for n in 0..<120 { try await create(plain, n, secret: "secret \(n)") }
        for n in 200..<203 { try await create(store(rig, Self.old), n) }
        var rotation = WebhookChange()
        rotation.rotate(to: try Secret("newer"), grace: .seconds(600))
        try await store(rig, Self.old).update(acme, StoreRig.webhook(200), rotation)
        try await rig.register([300], other, secret: "in another workspace")
        try await rig.register([301], other)
        let version = try await rig.feed.changes(since: 0).version
        var steps = 0
        let done = try await SecretReencryption(Shard(rig.redis, secrets: Self.both)).run { _ in steps += 1 }
        #expect(done == SecretReencryption.Progress(webhooks: 125, replaced: 125, changed: 0, unreadable: 0))
        #expect(steps == 4)
        let after = store(rig, Self.new)
        for n in 0..<120 {
            #expect(try await after.find(acme, StoreRig.webhook(n))?.secret?.exposedText == "secret \(n)")
        }
        let rotated = try #require(try await after.find(acme, StoreRig.webhook(200)))
        #expect(rotated.secret?.exposedText == "newer")
        #expect(rotated.previousSecret?.secret.exposedText == Self.text)
        #expect(try await after.find(other, StoreRig.webhook(300))?.secret?.exposedText == "in another workspace")
        #expect(Set(try await rig.feed.changes(since: version).workspaces) == [acme, other])
        let again = try await SecretReencryption(Shard(rig.redis, secrets: Self.both)).run()
        #expect(again.replaced == 0)
        try await rig.check()
    }

    @Test func `that no key decrypts are left as they are and counted`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        let before = try await stored(rig)
        let done = try await SecretReencryption(Shard(rig.redis, secrets: Self.new)).run()
        #expect(done == SecretReencryption.Progress(webhooks: 1, replaced: 0, changed: 0, unreadable: 1))
        #expect(try await stored(rig) == before)
    }

    @Test func `changed while they are re-encrypted keep the change`() async throws {
        let (rig, webhooks) = try await rig(Self.old)
        try await create(webhooks)
        let before = try #require(try await stored(rig))
        var change = WebhookChange()
        change.set(secret: try Secret("patched meanwhile"))
        try await webhooks.update(acme, StoreRig.webhook(1), change)
        var arguments = RedisArguments()
        for word in [
            rig.keys.prefix, "16", "acme", StoreRig.webhook(1).description, "secret", before, "enc:v1:new:overwritten",
        ] {
            arguments.append(word)
        }
        let reply = try await rig.redis.evaluate(
            StoreScripts.reencryptSecrets, keys: [rig.keys.version], arguments: arguments)
        #expect(try reply.integer() == 0)
        #expect(try await webhooks.find(acme, StoreRig.webhook(1))?.secret?.exposedText == "patched meanwhile")
    }

    @Test func `a list of keys is refused with a reason that shows none of them`() {
        let good = Self.key(7)
        for (text, reason) in [
            ("", "key 1 must be"), ("k", "key 1 must be"), ("k:", "key k must be"), (":\(good)", "the id of key 1"),
            ("a b:\(good)", "the id of key 1"), ("k:\(good.dropLast(4))", "key k must be"),
            ("k:\(good)x", "key k must be"),
            ("k:\(good),k:\(good)", "the id k is there twice"), ("k:\(good),", "key 2 must be"),
            ("k:\(good.dropLast())", "key k must be"),
        ] {
            do throws(SecretBox.Problem) {
                _ = try SecretBox(text)
                Issue.record("\(text) was taken")
            } catch {
                #expect(error.description.hasPrefix(reason), "\(error)")
                #expect(!error.description.contains(good.prefix(12)))
            }
        }
        var dumped = ""
        dump(Self.both, to: &dumped)
        for shown in ["\(Self.both)", String(reflecting: Self.both), dumped] {
            #expect(!shown.contains(Self.key(2).prefix(12)))
        }
    }

    @Test func `a deliberate wait opens the endpoint and counts no failure`() async throws {
        let (rig, _) = try await rig(.plain)
        let lane = try await rig.lane()
        try await rig.register([1])
        try await rig.makeFast([1])
        for n in 0..<3 { try await rig.plan(n, to: [1], lane: lane, room: 1) }
        let before = try await rig.now()
        for n in 0..<3 { try await rig.finish(StoreRig.token(n, 1), .back, .hold(milliseconds: 10_000), lane: lane) }
        let endpoint = try await rig.endpoint(1)
        #expect(endpoint["state"] == "open")
        #expect(endpoint["fails"] == nil && endpoint["failingSince"] == nil && endpoint["lastError"] == nil)
        #expect(try await rig.queue(1).count == 3)
        #expect(try #require(try await rig.score(rig.keys.timers, StoreRig.webhook(1).description)) - before < 11_000)
        #expect(try await rig.claim(lane).isEmpty)
        try await rig.check()
        // Half open, the next one looks again; when it can be sent, all is well at once.
        try await rig.makeDue(rig.keys.timers)
        try await rig.tick(lane)
        let probe = try #require(try await rig.claim(lane).first)
        try await rig.finish(probe.token, .delivered, .up(milliseconds: 0), lane: lane)
        #expect(try await rig.claim(lane).count == 1)
        try await rig.check()
    }

    @Test func `leave no trace of their text in the files of Redis`() async throws {
        let server = try await RedisServer.start(options: ["--appendonly", "yes", "--appendfsync", "always"])
        let redis = try await OwnRedis.connect(server)
        let webhooks = WebhookStore(Shard(redis, secrets: Self.old))
        let token = APIKeyToken.generate()
        try await APIKeyStore(webhooks.shard).create(
            token, workspace: acme, name: "n", scopes: .webhooks, expiresAt: nil)
        try await create(webhooks)
        var change = WebhookChange()
        change.rotate(to: try Secret("second canary secret"), grace: .seconds(60))
        try await webhooks.update(acme, StoreRig.webhook(1), change)
        _ = try await redis.execute(RedisCommand("SAVE"), timeout: .seconds(10))
        await redis.close()
        let out = try TemporaryDirectory()
        let grep = try ChildProcess(
            "grep", ["-r", "-a", "-c", "-F", "enc:v1:old:", server.directory.path], directory: out.path, name: "grep")
        _ = try await grep.exitStatus()
        let files = grep.output.split(separator: "\n").filter { !$0.hasSuffix(":0") }
        #expect(files.contains { $0.contains("dump.rdb") } && files.contains { $0.contains("appendonlydir") })
        for canary in [
            Self.text, "second canary secret", token.exposedText, String(token.exposedText.suffix(43)), Self.key(1),
        ] {
            let search = try ChildProcess(
                "grep", ["-r", "-a", "-l", "-F", canary, server.directory.path], directory: out.path, name: "grep")
            #expect(try await search.exitStatus() == 1, "\(search.output)")
        }
    }
}
