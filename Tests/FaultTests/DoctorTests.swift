import FleetSupport
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

/// Something done to a healthy shard, and what the doctor must say of it.
private struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: ShardFinding.Rule
    /// What the finding's key contains.
    let key: String
    /// redis-cli's words. `W`, `E`, `L` stand for a webhook, an event that waits for it, and a lane.
    let commands: [[String]]

    init(_ description: String, _ rule: ShardFinding.Rule, _ key: String, _ commands: [String]...) {
        testDescription = description
        self.rule = rule
        self.key = key
        self.commands = commands
    }
}

private let damages = [
    Damage(
        "a token in a queue and among the retries", .severalPlaces, "", ["ZADD", "retries", "9999999999999", "E>W#0"]),
    Damage(
        "a token on two lanes", .severalPlaces, "", ["SADD", "claimed:L", "E>W#0"],
        ["HSET", "endpoint:W", "inflight", "1"]),
    Damage("an event that is gone", .missingEvent, "event:E", ["DEL", "event:E"]),
    Damage("a token that is gone", .strayEvent, "event:E", ["LREM", "queue:W", "0", "E#0"]),
    Damage("a wrong reference count", .references, "refs:E", ["SET", "refs:E", "7"]),
    Damage("references without an event", .strayReference, "refs:gone", ["SET", "refs:gone", "2"]),
    Damage("a fan-out's cursor without an event", .strayReference, "fanout:gone", ["SET", "fanout:gone", "W"]),
    Damage("an entry that is no token", .unreadable, "retries", ["ZADD", "retries", "9999999999999", "nonsense"]),
    Damage(
        "tokens of a lane that is not there", .claimedWithoutLane, "claimed:nobody",
        ["SADD", "claimed:nobody", "E>W#0"]),
    Damage(
        "a lane that nobody reaps", .laneNotReaped, "lanes", ["ZADD", "lanes", "1000", "old"],
        ["ZADD", "lanes", "9999999999999", "living"]),
    Damage("a count in flight that is too high", .inFlight, "endpoint:W", ["HSET", "endpoint:W", "inflight", "3"]),
    Damage(
        "a queue that stands in no ring", .stranded, "queue:W", ["LREM", "ring:slow:acme", "0", "W"],
        ["LREM", "ring:slow", "0", "acme"], ["HSET", "endpoint:W", "ring", ""]),
    Damage("a ring that has lost its workspace", .stranded, "ring:slow:acme", ["DEL", "ring:slow"]),
    Damage("events that no ring leads to", .stranded, "events:acme", ["DEL", "eventring"]),
    Damage("a queue without an endpoint", .stranded, "queue:nobody", ["RPUSH", "queue:nobody", "E#0"]),
    Damage("an endpoint twice in a ring", .rings, "ring:slow:acme", ["RPUSH", "ring:slow:acme", "W"]),
    Damage("a workspace twice in the ring of events", .rings, "eventring", ["RPUSH", "eventring", "acme"]),
    Damage(
        "an endpoint that says a ring in which it is not", .rings, "endpoint:W", ["HSET", "endpoint:W", "ring", "fast"]),
    Damage("an open endpoint without a timer", .health, "endpoint:W", ["HSET", "endpoint:W", "state", "open"]),
    Damage("a probe that is nowhere", .health, "endpoint:W", ["HSET", "endpoint:W", "probe", "E>W#0"]),
    Damage("a dead letter without its text", .deadLetters, "letters:W", ["ZADD", "dead:W", "1", "E"]),
    Damage("a text without its dead letter", .deadLetters, "dead:W", ["HSET", "letters:W", "E", "#1 gone []"]),
    Damage("open items that nobody has", .backlog, "backlog", ["HINCRBY", "backlog", "acme", "5"]),
    Damage("totals that do not add up", .totals, "totals", ["HINCRBY", "totals", "delivered", "1"]),
    Damage("bytes that nobody holds", .held, "held", ["HINCRBY", "held", "acme", "100"]),
    Damage("a key that the service does not have", .unknownKey, "colour", ["SET", "colour", "blue"]),
    Damage("a key of another type", .unknownKey, "timers", ["SET", "timers", "1"]),
    Damage("a queue that would expire", .expiry, "queue:W", ["EXPIRE", "queue:W", "1000"]),
    Damage("a log that never expires", .expiry, "attempts:W", ["RPUSH", "attempts:W", "{}"]),
    Damage(
        "attempts of a delivery that is not there", .strayTrail, "trail:gone>W", ["RPUSH", "trail:gone>W", "{}"],
        ["EXPIRE", "trail:gone>W", "1000"]),
]

@Suite(.timeLimit(.minutes(2)))
struct `The doctor` {
    @Test(arguments: damages)
    fileprivate func `finds and names`(_ damage: Damage) async throws {
        let redis = try await RedisServer.start()
        let view = try await RedisView(redis)
        let (webhook, event, lane) = try await prepare(view)
        #expect(try await findings(view) == [], "healthy before the damage")

        let names = ["W": webhook, "E": event, "L": lane]
        for words in damage.commands {
            var command = RedisCommand(arguments: RedisArguments())
            for (index, word) in words.enumerated() {
                var text = Self.spell(word, names)
                if index == 1 { text = StoreKeys.shard0.prefix + text }
                command.arguments.append(text)
            }
            _ = try await view.connection.execute(command)
        }
        let found = try await findings(view)
        let key = Self.spell(damage.key, names)
        #expect(
            found.contains { $0.rule == damage.rule && $0.key.contains(key) },
            "\(found.map(\.description).joined(separator: "\n"))")
        await view.close()
    }

    /// `W`, `E` and `L` where they stand alone between the marks of tokens and keys.
    private static func spell(_ word: String, _ names: [String: String]) -> String {
        var result = ""
        var part = ""
        for character in word {
            if ":>#".contains(character) {
                result += (names[part] ?? part) + String(character)
                part = ""
            } else {
                part.append(character)
            }
        }
        return result + (names[part] ?? part)
    }

    /// A webhook with deliveries that wait, one that is claimed, and events before their fan-out.
    private func prepare(_ view: RedisView) async throws -> (webhook: String, event: String, lane: String) {
        let filler = try QueueFiller(view.connection)
        let webhook = try await filler.createWebhook(target: "https://example.com/")
        let lane = LaneStore(filler.shard, lane: "lane-1")
        _ = try await lane.open(lease: .seconds(600), facts: [])
        let ids = try await filler.ingest(count: 4)
        let events = try await lane.claimEvents(count: 4, bytes: 1 << 20).events
        _ = try await lane.fanOut(
            events.map {
                FanOutChunk(token: $0.token, expectedCursor: nil, newCursor: webhook, isLast: true, webhooks: [webhook])
            }, room: 0)
        _ = try await filler.ingest(count: 2)
        return ("\(webhook)", "\(ids[2])", "lane-1")
    }

    private func findings(_ view: RedisView) async throws -> [ShardFinding] {
        let shard = Shard(view.connection)
        // Nothing moves here, so the two passes may follow each other.
        return try await ShardDoctor(shard, pause: .milliseconds(1)).examine().findings
    }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct `webhooks doctor beside working nodes` {
    @Test func `has nothing to say of a healthy system under load`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start(), settings: FaultSettings.quick)
        let receiver = try await TestReceiver.start(recording: .nothing) { request in
            // A tenth fails and is retried, some are slow.
            request.number % 10 == 0 ? .status(500) : .status(200, after: .milliseconds(request.number % 7))
        }
        for n in 1...2 { _ = try await fleet.startDeliveryNode("delivery-\(n)") }
        let view = try await RedisView(fleet.redis)
        let filler = try QueueFiller(view.connection)
        for n in 0..<20 { _ = try await filler.createWebhook(target: receiver.url("/\(n)")) }
        let producing = Task {
            while !Task.isCancelled {
                try await filler.ingest(count: 10)
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await eventually(within: .seconds(20), "load") { receiver.requestCount > 500 }
        let before = receiver.requestCount
        let doctor = try await fleet.run(["doctor"], settings: FaultSettings.quick)
        #expect(doctor.status == 0, "\(doctor.output)\(doctor.errorOutput)")
        #expect(doctor.output.hasPrefix("all is well: "))
        #expect(receiver.requestCount > before + 500, "the system worked meanwhile")
        producing.cancel()
        await view.close()
        try await receiver.stop()
    }

    @Test func `ends with status 1 and names the key, in words and in JSON`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start(), settings: FaultSettings.quick)
        _ = try await fleet.startDeliveryNode("delivery")
        let view = try await RedisView(fleet.redis)
        _ = try await view.connection.execute(RedisCommand("SET", "\(StoreKeys.shard0.prefix)event:lost", "{}"))
        async let text = fleet.run(["doctor"], settings: FaultSettings.quick)
        async let json = fleet.run(["doctor", "--json"], settings: FaultSettings.quick)
        #expect(try await text.status == 1)
        #expect(
            try await text.output.hasPrefix(
                "event-without-token: wh:{0}:event:lost: is stored and no token refers to it\n"))
        #expect(try await json.status == 1)
        #expect(
            try await json.output.hasPrefix(
                #"{"healthy":false,"findings":[{"rule":"event-without-token","key":"wh:{0}:event:lost","#))
        await view.close()
    }
}
