import FleetSupport
import RedisClient
import TestSupport
import Testing
import WebhookModel
import WebhookStore

let acme = WorkspaceName("acme")!
let other = WorkspaceName("other")!

/// The store over a suite's own Redis, with short ways to bring it into a state. Webhooks and events have numbers.
struct StoreRig: Sendable {
    let redis: RedisConnection
    let server: RedisServer
    var limits: StoreLimits

    /// The suite's server, emptied.
    static func fresh(limits: StoreLimits = StoreLimits()) async throws -> StoreRig {
        let current = try #require(OwnRedis.current)
        _ = try await current.connection.execute(RedisCommand("FLUSHALL"))
        return StoreRig(redis: current.connection, server: current.server, limits: limits)
    }

    var shard: Shard { Shard(redis, limits: limits) }
    var keys: StoreKeys { .shard0 }
    var webhooks: WebhookStore { WebhookStore(shard) }
    var deadLetters: DeadLetterStore { DeadLetterStore(shard) }
    var feed: SubscriptionFeed { SubscriptionFeed(shard) }

    static func webhook(_ n: Int) -> WebhookID { WebhookID(number("a", n))! }
    static func event(_ n: Int) -> EventID { EventID(number("e", n))! }
    private static func number(_ letter: String, _ n: Int) -> String {
        let digits = String(n)
        return letter + String(repeating: "0", count: 7 - digits.count) + digits + "-0000-7000-8000-"
            + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func token(_ event: Int, _ webhook: Int, attempt: Int = 0, deaths: Int = 0) -> DeliveryToken {
        DeliveryToken(event: Self.event(event), webhook: Self.webhook(webhook), attempt: attempt, deaths: deaths)
    }

    // MARK: Raw

    @discardableResult
    func command(_ words: String...) async throws -> RedisValue {
        var arguments = RedisArguments()
        for word in words { arguments.append(word) }
        return try await redis.execute(RedisCommand(arguments: arguments))
    }

    func number(_ words: String...) async throws -> Int {
        var arguments = RedisArguments()
        for word in words { arguments.append(word) }
        return Int(try await redis.execute(RedisCommand(arguments: arguments)).integer())
    }

    func list(_ key: String) async throws -> [String] {
        try await command("LRANGE", key, "0", "-1").array().map { try $0.text() }
    }

    func hash(_ key: String) async throws -> [String: String] { try await command("HGETALL", key).fields() }
    func endpoint(_ n: Int) async throws -> [String: String] { try await hash(keys.endpoint(Self.webhook(n))) }
    func queue(_ n: Int) async throws -> [String] { try await list(keys.queue(Self.webhook(n))) }
    func letter(_ webhook: Int, _ event: Int) async throws -> String? {
        try await command("HGET", keys.letters(Self.webhook(webhook)), Self.event(event).description).optionalText()
    }
    func score(_ key: String, _ member: String) async throws -> Int64? {
        try await command("ZSCORE", key, member).optionalText().flatMap { Double($0) }.map { Int64($0) }
    }
    func exists(_ key: String) async throws -> Bool { try await number("EXISTS", key) == 1 }
    func totals() async throws -> [String: Int] { try await hash(keys.totals).compactMapValues { Int($0) } }

    /// Redis's time in milliseconds.
    func now() async throws -> Int64 {
        let time = try await command("TIME").array(atLeast: 2)
        return try time[0].integer() * 1000 + time[1].integer() / 1000
    }

    // MARK: States

    func lane(_ name: String = "L", lease: Duration = .seconds(15)) async throws -> LaneStore {
        let lane = LaneStore(shard, lane: name)
        _ = try await lane.open(lease: lease, facts: [("host", "h")])
        return lane
    }

    /// Registers webhooks that take everything.
    func register(
        _ numbers: some Sequence<Int>, _ workspace: WorkspaceName = acme, enabled: Bool = true, secret: String? = nil
    ) async throws {
        for n in numbers {
            var change = WebhookChange()
            change.set(targetUrl: "https://target.example/\(n)")
            change.set(operations: ["*"])
            change.set(isEnabled: enabled)
            if let secret { change.set(secret: try Secret(secret)) }
            try await webhooks.create(workspace, Self.webhook(n), change)
        }
    }

    func setEnabled(_ n: Int, _ enabled: Bool) async throws {
        var change = WebhookChange()
        change.set(isEnabled: enabled)
        try await webhooks.update(acme, Self.webhook(n), change)
    }

    /// Puts endpoints into the fast class, as a success just now would.
    func makeFast(_ numbers: some Sequence<Int>) async throws {
        let now = try await now().description
        for n in numbers { try await command("HSET", keys.endpoint(Self.webhook(n)), "fastAt", now, "okAt", now) }
    }

    @discardableResult
    func ingest(
        _ numbers: some Sequence<Int>, _ workspace: WorkspaceName = acme, body: String = #"{"b":1}"#
    ) async throws -> IntakeResult {
        try await EventIntake(shard).ingest(
            numbers.map { PreparedEvent(id: Self.event($0), body: Array(body.utf8)) }, workspace: workspace)
    }

    /// Accepts one event and fans it out to webhooks; all earlier ones must have been.
    @discardableResult
    func plan(_ event: Int, to webhooks: [Int], lane: LaneStore, room: Int = 0) async throws -> [DeliveryToken] {
        try await ingest([event])
        let claimed = try await lane.claimEvents(count: 1, bytes: 1 << 20).events
        return try await fanOut(try #require(claimed.first), to: webhooks, lane: lane, room: room)
    }

    @discardableResult
    func fanOut(
        _ event: ClaimedEvent, to webhooks: [Int], lane: LaneStore, room: Int = 0
    ) async throws -> [DeliveryToken] {
        let reply = try await lane.fanOut([chunk(event.token, webhooks)], room: room)
        #expect(reply.statuses == [.written])
        return reply.started
    }

    /// The only chunk of an event's fan-out, unless cursors are given.
    func chunk(
        _ token: EventToken, _ webhooks: [Int], expecting: Int? = nil, cursor: Int? = nil, isLast: Bool = true
    ) -> FanOutChunk {
        FanOutChunk(
            token: token, expectedCursor: expecting.map(Self.webhook), newCursor: cursor.map(Self.webhook),
            isLast: isLast, webhooks: webhooks.map(Self.webhook))
    }

    func claim(
        _ lane: LaneStore, count: Int = 64, slow: Int = 64, quantum: Int = 8, bytes: Int = 1 << 20,
        full: [WorkspaceName] = []
    ) async throws -> [ClaimedDelivery] {
        try await lane.claimDeliveries(count: count, slow: slow, quantum: quantum, bytes: bytes, full: full).deliveries
    }

    /// One token's end; how many were lost.
    @discardableResult
    func finish(
        _ token: DeliveryToken, _ outcome: Outcome, _ verdict: EndpointVerdict? = nil, line: String = "",
        lane: LaneStore
    ) async throws -> Int {
        try await lane.finish(
            [FinishedToken(.delivery(token), outcome, verdict: verdict, line: Array(line.utf8))], lane: lane.lane
        ).lost
    }

    @discardableResult
    func tick(_ lane: LaneStore, lease: Duration = .seconds(15)) async throws -> TickReply {
        try await lane.tick(lease: lease)
    }

    /// Ticks until nothing is left to do at once.
    func tickOut(_ lane: LaneStore) async throws {
        for _ in 0..<200 where try await !tick(lane).callAgain { return }
        Issue.record("tick always asks to be called again")
    }

    /// Ends a lane's lease now.
    func expire(_ lane: LaneStore) async throws {
        try await command("ZADD", keys.lanes, try await (now() - 5).description, lane.lane)
    }

    /// Makes everything in a sorted set of times due.
    func makeDue(_ key: String) async throws {
        for member in try await command("ZRANGE", key, "0", "-1").array() {
            try await command("ZADD", key, "1", try member.text())
        }
    }

    // MARK: Checks

    /// That every invariant of the shard holds and every key is one that docs/redis.md knows.
    @discardableResult
    func check(sourceLocation: SourceLocation = #_sourceLocation) async throws -> ShardInvariants {
        let snapshot = try await ShardSnapshot(redis)
        for name in snapshot.keyNames {
            #expect(
                StoreKeys.documented.contains(keyKind(name)), "no documented key: \(name)",
                sourceLocation: sourceLocation)
        }
        #expect(
            try await number("DBSIZE") == snapshot.keyNames.count, "a key of another tag",
            sourceLocation: sourceLocation)
        let invariants = ShardInvariants(snapshot)
        #expect(invariants.broken.prefix(5) == [], sourceLocation: sourceLocation)
        return invariants
    }

    /// Names of keys that hold a token, or anything that belongs to one.
    func transientKeys() async throws -> [String] {
        let kinds: Set = [
            "event", "refs", "fanout", "queue", "claimed", "retries", "trail", "suspects", "purges", "events",
            "eventring", "ring", "dead", "deads", "letters", "poison", "timers",
        ]
        return try await ShardSnapshot(redis).keyNames.filter { kinds.contains(String($0.prefix { $0 != ":" })) }
            .sorted()
    }
}

/// An event as `ingest` answered: its number, and whether it was a repeat.
struct Taken: Equatable, CustomStringConvertible {
    let id: EventID
    let isDuplicate: Bool

    init(_ n: Int, duplicate: Bool = false) {
        id = StoreRig.event(n)
        isDuplicate = duplicate
    }

    init(_ event: EventReceipt) {
        id = event.id
        isDuplicate = event.isDuplicate
    }

    var description: String { "\(id)\(isDuplicate ? " again" : "")" }
}

extension IntakeResult {
    /// What was accepted; nil for anything else.
    var taken: [Taken]? { if case .accepted(let events) = self { events.map { Taken($0) } } else { nil } }
    /// What was answered before; nil for anything else.
    var repeated: [Taken]? { if case .replayed(let events) = self { events.map { Taken($0) } } else { nil } }
    var name: String {
        switch self {
        case .accepted: "accepted"
        case .replayed: "replayed"
        case .conflict: "conflict"
        case .workspaceFull: "workspaceFull"
        case .full: "full"
        }
    }
}
