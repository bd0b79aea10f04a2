/// Holds a reading against what must hold over a shard at any moment between two scripts: each token in one place,
/// references that are its number, counters that are what is there, endpoints in the rings they belong in, and nothing
/// that nobody will ever remove.
package struct ShardCheck: Sendable {
    package private(set) var findings: [ShardFinding] = []
    let reading: ShardReading
    let places: TokenPlaces
    private let prefix: String

    /// Deliveries that are not final.
    package var openDeliveries: Int { places.openDeliveries }
    /// Events before their fan-out.
    package var waitingEvents: Int { places.waitingEvents }
    package var deadLetters: Int { places.deadLetters }
    package var poisonedEvents: Int { places.poisonedEvents }

    package init(_ reading: ShardReading, keys: StoreKeys = .shard0) {
        self.reading = reading
        prefix = keys.prefix
        places = TokenPlaces(reading)
        checkKeys()
        checkPlaces()
        checkReferences()
        checkLanes()
        checkDeadLetters()
        for (webhook, _) in reading.named("endpoint:", in: reading.hashes) { checkEndpoint(webhook) }
        checkQueuesWithoutEndpoint()
        checkRings()
        checkCounters()
    }

    /// What waits for one endpoint, and what is said of it, in a reading of that alone.
    init(endpoint webhook: String, _ reading: ShardReading, keys: StoreKeys) {
        self.reading = reading
        prefix = keys.prefix
        places = TokenPlaces(reading)
        if reading.hashes["endpoint:\(webhook)"] != nil {
            checkEndpoint(webhook)
        } else {
            checkQueuesWithoutEndpoint()
        }
        checkRings()
    }

    private mutating func find(_ rule: ShardFinding.Rule, _ name: String, _ subject: String = "", _ detail: String) {
        findings.append(ShardFinding(rule: rule, key: prefix + name, subject: subject, detail: detail))
    }

    // MARK: Keys

    private mutating func checkKeys() {
        for name in reading.keyNames {
            guard let kind = KeyKind.of(name) else {
                find(.unknownKey, name, "", "is no key of the service")
                continue
            }
            if reading.misshapen.contains(name) {
                find(.unknownKey, name, "", "is no \(kind.shape.rawValue)")
                continue
            }
            switch (kind.life, reading.timesToLive[name] ?? -2) {
            case (.untilRemoved, 0...):
                find(.expiry, name, "", "has a TTL: what it holds would be lost without a trace")
            case (.expires, -1): find(.expiry, name, "", "has no TTL: nothing will ever remove it")
            default: ()
            }
        }
        for (token, _) in reading.named("trail:", in: reading.lists)
        where places.deliveries[token]?.contains(where: { !$0.key.hasPrefix("dead:") }) != true {
            find(.strayTrail, "trail:\(token)", "", "there is no such open delivery")
        }
    }

    // MARK: Tokens

    private mutating func checkPlaces() {
        for sighting in places.unreadable {
            find(
                .unreadable, sighting.key, sighting.member,
                "holds \"\(sighting.member.prefix(100))\", which is no token")
        }
        for (token, sightings) in Array(places.deliveries) + Array(places.events) where sightings.count > 1 {
            let keys = sightings.map(\.key).sorted()
            find(.severalPlaces, keys[0], token, "\(token) is in \(keys.joined(separator: ", "))")
        }
    }

    private mutating func checkReferences() {
        var tokens: [String: Int] = [:]
        for token in places.deliveries.keys { tokens[String(token.prefix { $0 != ">" }), default: 0] += 1 }
        for event in Set(tokens.keys).union(places.events.keys) where reading.eventBytes[event] == nil {
            find(.missingEvent, "event:\(event)", "", "is not stored, and tokens of it are open")
        }
        for event in reading.eventBytes.keys {
            let stored = reading.strings["refs:\(event)"].flatMap { Int($0) }
            var wanted = tokens[event] ?? 0
            if places.events[event] != nil {
                if reading.strings["fanout:\(event)"] == nil {
                    if stored != nil || wanted > 0 {
                        find(
                            .references, "refs:\(event)", "before",
                            "the event is before its fan-out and has \(stored ?? 0) references, \(wanted) deliveries")
                    }
                    continue
                }
                wanted += 1
            }
            if wanted == 0 {
                find(.strayEvent, "event:\(event)", "", "is stored and no token refers to it")
            } else if stored ?? 1 != wanted {
                find(
                    .references, "refs:\(event)", "\((stored ?? 1) - wanted)",
                    "\(stored ?? 1) references, \(wanted) deliveries open or dead")
            }
        }
        for kind in ["refs:", "fanout:"] {
            for (event, _) in reading.named(kind, in: reading.strings) where reading.eventBytes[event] == nil {
                find(.strayReference, "\(kind)\(event)", "", "its event is not stored")
            }
        }
    }

    // MARK: Lanes and dead letters

    private mutating func checkLanes() {
        let lanes = reading.sortedSets["lanes"] ?? [:]
        for (lane, tokens) in reading.named("claimed:", in: reading.sets) where lanes[lane] == nil {
            find(
                .claimedWithoutLane, "claimed:\(lane)", "",
                "holds \(tokens.count) tokens and its lane is not registered")
        }
        let now = Double(reading.now)
        guard lanes.values.contains(where: { $0 > now }) else { return }
        for (lane, end) in lanes where end < now - 60_000 {
            find(
                .laneNotReaped, "lanes", lane,
                "the lease of \(lane) ended \(Int((now - end) / 1000)) s ago and living nodes have not returned its tokens"
            )
        }
    }

    private mutating func checkDeadLetters() {
        let dead = Dictionary(
            uniqueKeysWithValues: reading.named("dead:", in: reading.sortedSets).map { ($0.rest, $0.value) })
        let letters = Dictionary(
            uniqueKeysWithValues: reading.named("letters:", in: reading.hashes).map { ($0.rest, $0.value) })
        for webhook in Set(dead.keys).union(letters.keys) {
            let times = Set(dead[webhook]?.keys.map { $0 } ?? [])
            let texts = Set(letters[webhook]?.keys.map { $0 } ?? [])
            for event in times.subtracting(texts) {
                find(.deadLetters, "letters:\(webhook)", event, "has no text of \(event), which dead:\(webhook) lists")
            }
            for event in texts.subtracting(times) {
                find(.deadLetters, "dead:\(webhook)", event, "does not list \(event), of which there is a text")
            }
            if !times.isEmpty, reading.sortedSets["deads"]?[webhook] == nil {
                find(
                    .deadLetters, "deads", webhook,
                    "does not list \(webhook), whose dead letters would never be trimmed")
            }
        }
    }

    // MARK: Endpoints

    private mutating func checkEndpoint(_ webhook: String) {
        let name = "endpoint:\(webhook)"
        let fields = reading.hashes[name] ?? [:]
        let state = fields["state"] ?? ""
        let hasQueue = reading.lists["queue:\(webhook)"] != nil
        let isNoted = reading.lists["purges"]?.contains { $0.hasSuffix("/\(webhook)") } == true
        if state == "deleted" {
            if Set(fields.keys) != ["ws", "state"] {
                find(
                    .health, name, "",
                    "its webhook is deleted and it holds \(fields.keys.sorted().joined(separator: ", "))")
            }
            if hasQueue && !isNoted {
                find(.stranded, "queue:\(webhook)", "", "its webhook is deleted and no purge is noted")
            }
            return
        }
        let inFlight = fields["inflight"].flatMap { Int($0) } ?? 0
        let claimed = places.claimed[webhook] ?? 0
        if inFlight != claimed {
            find(.inFlight, name, "", "says \(inFlight) attempts in flight, \(claimed) of its tokens are claimed")
        }
        let isListed = reading.sortedSets["failing"]?[webhook] != nil
        if (state == "open" || state == "half") != isListed {
            find(.health, name, "failing", "is \(state) and \(isListed ? "stands" : "does not stand") in failing")
        }
        if state == "open", reading.sortedSets["timers"]?[webhook] == nil {
            find(.health, name, "timer", "is open and has no timer: no probe would ever be sent")
        }
        if let probe = fields["probe"], !probe.isEmpty,
            places.deliveries[String(probe.prefix { $0 != "#" })]?.contains(where: { $0.shape == .set }) != true
        {
            find(.health, name, "probe", "waits for the probe \(probe), which no lane holds")
        }
        guard hasQueue else { return }
        if state == "disabled" {
            if !isNoted { find(.stranded, "queue:\(webhook)", "", "its webhook is disabled and no purge is noted") }
        } else if state != "open", inFlight == 0, (fields["ring"] ?? "").isEmpty {
            find(.stranded, "queue:\(webhook)", "", "waits, the endpoint is free and stands in no ring")
        }
    }

    private mutating func checkQueuesWithoutEndpoint() {
        for (webhook, entries) in reading.named("queue:", in: reading.lists)
        where reading.hashes["endpoint:\(webhook)"] == nil
            && reading.lists["purges"]?.contains(where: { $0.hasSuffix("/\(webhook)") }) != true
            && !ringLists.contains(where: { $0.value.contains(webhook) })
        {
            find(.stranded, "queue:\(webhook)", "", "\(entries.count) deliveries wait and there is no such endpoint")
        }
    }

    // MARK: Rings

    private var ringLists: [(rest: String, value: [String])] {
        ["fast", "slow"].flatMap { reading.named("ring:\($0):", in: reading.lists) }
    }

    private mutating func checkRings() {
        var inRing: [String: String] = [:]
        for ring in ["fast", "slow"] {
            let workspaces = reading.lists["ring:\(ring)"] ?? []
            let lists = reading.named("ring:\(ring):", in: reading.lists)
            checkRing("ring:\(ring)", workspaces, Set(lists.map(\.rest)), "ring:\(ring):")
            for (workspace, webhooks) in lists {
                for webhook in webhooks {
                    if inRing.updateValue(ring, forKey: webhook) != nil {
                        find(.rings, "ring:\(ring):\(workspace)", webhook, "\(webhook) is in the rings twice")
                    }
                }
            }
        }
        checkRing(
            "eventring", reading.lists["eventring"] ?? [],
            Set(reading.named("events:", in: reading.lists).map(\.rest)), "events:")
        for (webhook, fields) in reading.named("endpoint:", in: reading.hashes) where fields["state"] != "deleted" {
            let flag = fields["ring"] ?? ""
            if !flag.isEmpty && inRing[webhook] != flag {
                find(
                    .rings, "endpoint:\(webhook)", "",
                    "says ring \(flag) and stands in \(inRing[webhook] ?? "none"): nothing of it would be claimed")
            }
            if flag.isEmpty, inRing[webhook] != nil {
                find(.rings, "endpoint:\(webhook)", "", "stands in ring \(inRing[webhook] ?? "") and does not know")
            }
        }
    }

    /// A ring of workspaces beside the lists it leads to.
    private mutating func checkRing(_ name: String, _ workspaces: [String], _ lists: Set<String>, _ kind: String) {
        if Set(workspaces).count != workspaces.count {
            let twice = Dictionary(grouping: workspaces) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            for workspace in twice { find(.rings, name, workspace, "holds \(workspace) more than once") }
        }
        for workspace in lists.subtracting(workspaces) {
            find(.stranded, "\(kind)\(workspace)", "", "waits, and \(name) does not lead there")
        }
        for workspace in Set(workspaces).subtracting(lists) {
            find(.rings, name, workspace, "leads to \(kind)\(workspace), where nothing is")
        }
    }

    // MARK: Counters

    /// What moved during the pass may make a count differ from its counter by as much.
    private mutating func compare(
        _ rule: ShardFinding.Rule, _ name: String, _ what: String, counter: Int, counted: Int
    ) {
        let difference = counter - counted
        guard abs(difference) > reading.movement else { return }
        find(
            rule, name, "\(what) \(difference > 0 ? "more" : "less")",
            "\(what): \(counter) by the counter, \(counted) there")
    }

    private mutating func checkCounters() {
        let total = reading.total
        let open =
            total("accepted") - total("fannedOut") - total("poisoned") + total("planned") + total("replayed")
            - total("delivered") - total("dead") - total("dropped")
        if open != reading.after.open {
            find(
                .totals, "totals", "open",
                "\(open) items are open by the totals, \(reading.after.open) by backlog")
        }
        compare(
            .totals, "totals", "events before fan-out",
            counter: total("accepted") - total("fannedOut") - total("poisoned"), counted: places.waitingEvents)
        compare(
            .totals, "totals", "open deliveries",
            counter: total("planned") + total("replayed") - total("delivered") - total("dead") - total("dropped"),
            counted: places.openDeliveries)
        compare(
            .totals, "totals", "dead letters", counter: total("dead") - total("trimmed") - total("replayed"),
            counted: places.deadLetters)
        let backlog = (reading.hashes["backlog"] ?? [:]).compactMapValues { Int($0) }
        for workspace in Set(backlog.keys).union(places.openByWorkspace.keys) where workspace != "*" {
            compare(
                .backlog, "backlog", "open items of \(workspace)", counter: backlog[workspace] ?? 0,
                counted: places.openByWorkspace[workspace] ?? 0)
        }
        compare(
            .backlog, "backlog", "open items in all", counter: reading.after.open,
            counted: places.openByWorkspace.values.reduce(0, +))
        // Bytes are not in the totals: compared only when nothing moved.
        guard reading.movement == 0 else { return }
        compare(
            .held, "held", "bytes of stored events",
            counter: (reading.hashes["held"] ?? [:]).values.compactMap { Int($0) }.reduce(0, +),
            counted: reading.eventBytes.values.reduce(0, +))
    }
}
