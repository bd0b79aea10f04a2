/// What must hold over a shard at any moment between two scripts (invariants 1 and 2 of the architecture): each token in
/// one place, references that are its number, counters that are what is there, endpoints in the rings they belong in.
package struct ShardInvariants: Sendable {
    /// What is broken, one line each; empty when all is well.
    package private(set) var broken: [String] = []
    /// Deliveries that are not final.
    package private(set) var openDeliveries = 0
    /// Events before their fan-out.
    package private(set) var waitingEvents = 0
    /// Dead letters.
    package private(set) var deadLetters = 0
    /// Events among the poison.
    package private(set) var poisonedEvents = 0

    private let snapshot: ShardSnapshot
    /// Places of each delivery `<event>><webhook>` and of each event before fan-out.
    private var deliveries: [String: [String]] = [:]
    private var events: [String: [String]] = [:]
    private var claimed: [String: Int] = [:]
    private var openByWorkspace: [String: Int] = [:]

    package init(_ snapshot: ShardSnapshot) {
        self.snapshot = snapshot
        collectQueues()
        collectTokens()
        openDeliveries = deliveries.values.reduce(0) { $0 + $1.count }
        waitingEvents = events.values.reduce(0) { $0 + $1.count }
        collectDead()
        checkPlaces()
        checkReferences()
        checkEndpoints()
        checkRings()
        checkCounters()
    }

    private func workspace(of webhook: String) -> String { snapshot.hashes["endpoint:\(webhook)"]?["ws"] ?? "" }

    private mutating func add(delivery token: String, _ place: String) {
        let parts = token.split(separator: "#")[0].split(separator: ">").map(String.init)
        guard parts.count == 2 else { return broken.append("\(place) holds \(token)") }
        deliveries["\(parts[0])>\(parts[1])", default: []].append(place)
        openByWorkspace[workspace(of: parts[1]), default: 0] += 1
        if place.hasPrefix("claimed") { claimed[parts[1], default: 0] += 1 }
    }

    private mutating func add(event id: String, workspace: String, _ place: String) {
        let id = String(id.split(separator: ".")[0])
        events[id, default: []].append(place)
        openByWorkspace[workspace, default: 0] += 1
    }

    private mutating func add(token: String, _ place: String) {
        if token.contains(">") { return add(delivery: token, place) }
        let parts = token.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return broken.append("\(place) holds \(token)") }
        add(event: parts[1], workspace: parts[0], place)
    }

    private mutating func collectQueues() {
        for (webhook, list) in snapshot.named("queue:", in: snapshot.lists) {
            for entry in list {
                let parts = entry.split(separator: "#").map(String.init)
                add(delivery: "\(parts[0])>\(webhook)#0", "queue")
            }
        }
        for (workspace, list) in snapshot.named("events:", in: snapshot.lists) {
            for id in list { add(event: id, workspace: workspace, "events") }
        }
    }

    private mutating func collectTokens() {
        let lanes = Set(snapshot.members("lanes"))
        for (lane, tokens) in snapshot.named("claimed:", in: snapshot.sets) {
            if !lanes.contains(lane) { broken.append("claimed without lane \(lane)") }
            for token in tokens { add(token: token, "claimed:\(lane)") }
        }
        for token in snapshot.lists["suspects"] ?? [] { add(token: token, "suspects") }
        for token in snapshot.members("retries") { add(delivery: token, "retries") }
    }

    private mutating func collectDead() {
        let listed = Set(snapshot.members("deads"))
        for (webhook, entries) in snapshot.named("dead:", in: snapshot.sortedSets) {
            if !listed.contains(webhook) { broken.append("dead letters of \(webhook) are not in deads") }
            let letters = snapshot.hashes["letters:\(webhook)"] ?? [:]
            if Set(letters.keys) != Set(entries.map(\.member)) {
                broken.append("letters and dead of \(webhook) differ")
            }
            for (event, _) in entries {
                deadLetters += 1
                // An expired one holds nothing: its event was missing already.
                if letters[event]?.split(separator: " ").dropFirst().first != "expired" {
                    deliveries["\(event)>\(webhook)", default: []].append("dead")
                }
            }
        }
        for entry in snapshot.lists["poison"] ?? [] {
            guard let id = entry.split(separator: "/").last else { continue }
            events[String(id), default: []].append("poison")
            poisonedEvents += 1
        }
    }

    private mutating func checkPlaces() {
        for (token, places) in deliveries.merging(events, uniquingKeysWith: { $0 + $1 }) where places.count > 1 {
            broken.append("\(token) is in \(places)")
        }
    }

    private mutating func checkReferences() {
        var tokens: [String: Int] = [:]
        for token in deliveries.keys { tokens[String(token.split(separator: ">")[0]), default: 0] += 1 }
        let stored = Set(snapshot.named("event:", in: snapshot.strings).map(\.rest))
        for event in Set(tokens.keys).union(events.keys) where !stored.contains(event) {
            broken.append("a token without its event \(event)")
        }
        for event in stored {
            let references = snapshot.strings["refs:\(event)"].flatMap { Int($0) }
            var wanted = tokens[event] ?? 0
            if events[event] != nil {
                if snapshot.strings["fanout:\(event)"] == nil {
                    if references != nil || wanted > 0 { broken.append("\(event) before fan-out has references") }
                    continue
                }
                wanted += 1
            }
            if wanted == 0 {
                broken.append("event \(event) without a token")
            } else if references ?? 1 != wanted {
                broken.append("references of \(event): \(references ?? 1), tokens \(wanted)")
            }
        }
        for kind in ["refs:", "fanout:"] {
            for (event, _) in snapshot.named(kind, in: snapshot.strings) where !stored.contains(event) {
                broken.append("\(kind)\(event) without event")
            }
        }
    }

    private mutating func checkEndpoints() {
        let failing = Set(snapshot.members("failing"))
        let timers = Set(snapshot.members("timers"))
        for (webhook, fields) in snapshot.named("endpoint:", in: snapshot.hashes) {
            let state = fields["state"] ?? "absent"
            if state == "deleted" {
                if Set(fields.keys) != ["ws", "state"] {
                    broken.append("a deleted endpoint holds \(fields.keys.sorted())")
                }
                continue
            }
            let inFlight = fields["inflight"].flatMap { Int($0) } ?? 0
            if inFlight != claimed[webhook] ?? 0 {
                broken.append("in flight of \(webhook): \(inFlight), claimed \(claimed[webhook] ?? 0)")
            }
            if (state == "open" || state == "half") != failing.contains(webhook) {
                broken.append("\(webhook) is \(state), in failing: \(failing.contains(webhook))")
            }
            if state == "open" && !timers.contains(webhook) { broken.append("\(webhook) is open without a timer") }
        }
    }

    private mutating func checkRings() {
        var inRing: [String: String] = [:]
        for ring in ["fast", "slow"] {
            let workspaces = snapshot.lists["ring:\(ring)"] ?? []
            let lists = snapshot.named("ring:\(ring):", in: snapshot.lists)
            if Set(workspaces).count != workspaces.count { broken.append("ring \(ring) holds a workspace twice") }
            if Set(workspaces) != Set(lists.map(\.rest)) { broken.append("ring \(ring) and its lists differ") }
            for webhook in lists.flatMap(\.value) {
                if inRing.updateValue(ring, forKey: webhook) != nil {
                    broken.append("\(webhook) is in the rings twice")
                }
            }
        }
        for (webhook, fields) in snapshot.named("endpoint:", in: snapshot.hashes) {
            let flag = fields["ring"] ?? ""
            if !flag.isEmpty && inRing[webhook] != flag { broken.append("\(webhook) says ring \(flag), is in none") }
            if flag.isEmpty, inRing[webhook] != nil, fields["state"] != "deleted" {
                broken.append("\(webhook) is in a ring and does not know")
            }
        }
    }

    private mutating func checkCounters() {
        let backlog = (snapshot.hashes["backlog"] ?? [:]).compactMapValues { Int($0) }
        for workspace in Set(backlog.keys).union(openByWorkspace.keys) where workspace != "*" {
            if backlog[workspace] ?? 0 != openByWorkspace[workspace] ?? 0 {
                broken.append(
                    "backlog of \(workspace): \(backlog[workspace] ?? 0), open \(openByWorkspace[workspace] ?? 0)")
            }
        }
        let all = openByWorkspace.values.reduce(0, +)
        if backlog["*"] ?? 0 != all { broken.append("backlog in all: \(backlog["*"] ?? 0), open \(all)") }
        let total = snapshot.total
        if total("accepted") != total("fannedOut") + total("poisoned") + waitingEvents {
            broken.append("totals of events: \(snapshot.hashes["totals"] ?? [:]), waiting \(waitingEvents)")
        }
        if total("planned") + total("replayed")
            != total("delivered") + total("dead") + total("dropped") + openDeliveries
        {
            broken.append("totals of deliveries: \(snapshot.hashes["totals"] ?? [:]), open \(openDeliveries)")
        }
        if total("dead") - total("trimmed") - total("replayed") != deadLetters {
            broken.append("totals of dead letters: \(snapshot.hashes["totals"] ?? [:]), there \(deadLetters)")
        }
        let held = (snapshot.hashes["held"] ?? [:]).values.compactMap { Int($0) }.reduce(0, +)
        let bytes = snapshot.named("event:", in: snapshot.strings).reduce(0) { $0 + $1.value.utf8.count }
        if held != bytes { broken.append("held \(held), stored \(bytes)") }
    }
}
