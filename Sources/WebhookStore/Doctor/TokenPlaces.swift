/// Where one token was seen.
struct Sighting: Sendable, Hashable {
    /// The key's name without the prefix.
    let key: String
    /// The entry as it stands there.
    let member: String
    let shape: KeyKind.Shape
}

/// All tokens of a reading with the places in which they stand.
struct TokenPlaces: Sendable {
    /// By `<event>><webhook>`; dead letters too, less those that hold no reference.
    private(set) var deliveries: [String: [Sighting]] = [:]
    /// By id: events before their fan-out, and poison.
    private(set) var events: [String: [Sighting]] = [:]
    /// Claimed deliveries by webhook.
    private(set) var claimed: [String: Int] = [:]
    /// Open items by workspace: events before fan-out and deliveries that are not final.
    private(set) var openByWorkspace: [String: Int] = [:]
    /// Deliveries that are not final.
    private(set) var openDeliveries = 0
    /// Events before their fan-out.
    private(set) var waitingEvents = 0
    private(set) var deadLetters = 0
    private(set) var poisonedEvents = 0
    /// Entries that are no tokens.
    private(set) var unreadable: [Sighting] = []

    private let reading: ShardReading

    init(_ reading: ShardReading) {
        self.reading = reading
        for (webhook, entries) in reading.named("queue:", in: reading.lists) {
            for entry in entries {
                guard let event = Self.part(entry, before: "#") else {
                    unreadable(entry, "queue:\(webhook)", .list); continue
                }
                add(
                    delivery: "\(event)>\(webhook)", webhook,
                    Sighting(key: "queue:\(webhook)", member: entry, shape: .list))
            }
        }
        for (workspace, entries) in reading.named("events:", in: reading.lists) {
            for entry in entries {
                let id = Self.part(entry, before: ".") ?? entry
                add(event: id, workspace, Sighting(key: "events:\(workspace)", member: entry, shape: .list))
            }
        }
        for (lane, tokens) in reading.named("claimed:", in: reading.sets) {
            for token in tokens { add(token, Sighting(key: "claimed:\(lane)", member: token, shape: .set)) }
        }
        for token in reading.lists["suspects"] ?? [] {
            add(token, Sighting(key: "suspects", member: token, shape: .list))
        }
        for token in reading.members("retries") {
            add(token, Sighting(key: "retries", member: token, shape: .zset))
        }
        collectFinal()
    }

    /// Events that tokens name.
    var eventIDs: Set<String> {
        Set(events.keys).union(deliveries.keys.compactMap { Self.part($0, before: ">") })
    }

    private static func part(_ text: String, before mark: Character) -> String? {
        text.firstIndex(of: mark).map { String(text[..<$0]) }
    }

    private mutating func unreadable(_ entry: String, _ key: String, _ shape: KeyKind.Shape) {
        unreadable.append(Sighting(key: key, member: entry, shape: shape))
    }

    private mutating func add(_ token: String, _ sighting: Sighting) {
        let head = Self.part(token, before: "#") ?? token
        if let event = Self.part(head, before: ">") {
            let webhook = String(head.dropFirst(event.count + 1))
            add(delivery: head, webhook, sighting)
            if sighting.shape == .set { claimed[webhook, default: 0] += 1 }
        } else if let workspace = Self.part(token, before: "/") {
            let rest = String(token.dropFirst(workspace.count + 1))
            add(event: Self.part(rest, before: ".") ?? rest, workspace, sighting)
        } else {
            unreadable.append(sighting)
        }
    }

    private mutating func add(delivery: String, _ webhook: String, _ sighting: Sighting) {
        if deliveries[delivery] == nil {
            openDeliveries += 1
            openByWorkspace[reading.hashes["endpoint:\(webhook)"]?["ws"] ?? "", default: 0] += 1
        }
        deliveries[delivery, default: []].append(sighting)
    }

    private mutating func add(event: String, _ workspace: String, _ sighting: Sighting) {
        if events[event] == nil {
            waitingEvents += 1
            openByWorkspace[workspace, default: 0] += 1
        }
        events[event, default: []].append(sighting)
    }

    private mutating func collectFinal() {
        for (webhook, entries) in reading.named("dead:", in: reading.sortedSets) {
            let reasons = reading.hashes["letters:\(webhook)"] ?? [:]
            for event in entries.keys {
                deadLetters += 1
                // An expired one holds nothing: its event was missing already.
                guard reasons[event] != "expired" else { continue }
                deliveries["\(event)>\(webhook)", default: []].append(
                    Sighting(key: "dead:\(webhook)", member: event, shape: .zset))
            }
        }
        for entry in reading.lists["poison"] ?? [] {
            let sighting = Sighting(key: "poison", member: entry, shape: .list)
            guard let slash = entry.lastIndex(of: "/") else { unreadable.append(sighting); continue }
            poisonedEvents += 1
            events[String(entry[entry.index(after: slash)...]), default: []].append(sighting)
        }
    }
}
