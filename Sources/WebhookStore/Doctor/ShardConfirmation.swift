import RedisClient

/// Looks at one finding again in one step of Redis, where one step can show it.
struct ShardConfirmation {
    let reader: ShardReader
    /// The pass that saw it last.
    let check: ShardCheck

    private var reading: ShardReading { check.reading }

    func holds(_ finding: ShardFinding) async throws(RedisError) -> Bool {
        let name = String(finding.key.dropFirst(reader.shard.keys.prefix.count))
        let rest = name.firstIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? ""
        switch finding.rule {
        case .severalPlaces:
            let token = finding.subject
            let sightings = check.places.deliveries[token] ?? check.places.events[token] ?? []
            return try await presence(of: Array(Set(sightings))).reduce(0, +) > 1
        case .missingEvent:
            let sightings = tokens(of: rest)
            let values = try await reader.transaction(
                [reader.command("EXISTS", name)] + sightings.map(question))
            let isMissing = try values[0].integer() == 0
            return isMissing && values.dropFirst().contains { count($0) > 0 }
        case .references: return try await referencesDiffer(event: rest)
        case .strayEvent: return try await exists(name)
        case .claimedWithoutLane:
            let values = try await reader.transaction([
                reader.command("EXISTS", name), reader.command("ZSCORE", "lanes", rest),
            ])
            let isThere = try values[0].integer() == 1
            return isThere && values[1].isNull
        case .inFlight, .health: return try await endpoint(rest, still: finding)
        case .stranded where name.hasPrefix("queue:"): return try await endpoint(rest, still: finding)
        case .rings where name.hasPrefix("endpoint:"): return try await endpoint(rest, still: finding)
        case .stranded, .rings: return try await ring(finding, name)
        case .deadLetters: return try await deadLetter(finding, kind: String(name.prefix { $0 != ":" }), rest)
        case .unknownKey, .expiry, .strayTrail, .strayReference: return try await exists(name)
        case .unreadable, .laneNotReaped, .backlog, .held, .totals: return true
        }
    }

    private func exists(_ name: String) async throws(RedisError) -> Bool {
        try await reader.shard.executor.execute(reader.command("EXISTS", name)).integer() == 1
    }

    // MARK: Tokens

    private func question(_ sighting: Sighting) -> RedisCommand {
        switch sighting.shape {
        case .list: reader.command("LPOS", sighting.key, sighting.member, "COUNT", "2")
        case .set: reader.command("SISMEMBER", sighting.key, sighting.member)
        default: reader.command("ZSCORE", sighting.key, sighting.member)
        }
    }

    private func count(_ reply: RedisValue) -> Int {
        switch reply {
        case .array(let positions): positions.count
        case .integer(let number): Int(number)
        case .bulk: 1
        default: 0
        }
    }

    private func presence(of sightings: [Sighting]) async throws(RedisError) -> [Int] {
        try await reader.transaction(sightings.map(question)).map(count)
    }

    private func tokens(of event: String) -> [Sighting] {
        (check.places.events[event] ?? [])
            + check.places.deliveries.filter { $0.key.hasPrefix("\(event)>") }.flatMap(\.value)
    }

    /// Whether the references are as they were and every token still stands where it was seen: then none was on its way.
    private func referencesDiffer(event: String) async throws(RedisError) -> Bool {
        let sightings = tokens(of: event)
        let values = try await reader.transaction(
            [
                reader.command("EXISTS", "event:\(event)"), reader.command("GET", "refs:\(event)"),
                reader.command("GET", "fanout:\(event)"),
            ] + sightings.map(question))
        let isStored = try values[0].integer() == 1
        let references = try values[1].optionalText()
        let cursor = try values[2].optionalText()
        return isStored && references == reading.strings["refs:\(event)"]
            && cursor == reading.strings["fanout:\(event)"] && values.dropFirst(3).allSatisfy { count($0) > 0 }
    }

    // MARK: Endpoints and rings

    /// Reads everything that is said of one endpoint in one step and checks that.
    private func endpoint(_ webhook: String, still finding: ShardFinding) async throws(RedisError) -> Bool {
        let workspace = reading.hashes["endpoint:\(webhook)"]?["ws"] ?? ""
        let rings = ["fast", "slow"].flatMap { ["ring:\($0)", "ring:\($0):\(workspace)"] }
        for _ in 0..<5 {
            let lanes = Set(try await laneNames())
            let claimed = lanes.sorted()
            let values = try await reader.transaction(
                [
                    reader.command("ZRANGE", "lanes", "0", "-1"), reader.command("HGETALL", "endpoint:\(webhook)"),
                    reader.command("LRANGE", "queue:\(webhook)", "0", "0"),
                    reader.command("LRANGE", "purges", "0", "-1"), reader.command("ZSCORE", "failing", webhook),
                    reader.command("ZSCORE", "timers", webhook),
                ] + rings.map { reader.command("LRANGE", $0, "0", "-1") }
                    + claimed.map { reader.command("SMEMBERS", "claimed:\($0)") })
            guard Set(try texts(values[0])) == lanes else { continue }  // a lane was opened or closed just now
            var small = ShardReading()
            let fields = try values[1].fields()
            if !fields.isEmpty { small.hashes["endpoint:\(webhook)"] = fields }
            for (name, value) in zip(["queue:\(webhook)", "purges"], values[2...3]) {
                let entries = try texts(value)
                if !entries.isEmpty { small.lists[name] = entries }
            }
            if !values[4].isNull { small.sortedSets["failing"] = [webhook: 0] }
            if !values[5].isNull { small.sortedSets["timers"] = [webhook: 0] }
            for (name, value) in zip(rings, values[6...]) {
                let entries = try texts(value)
                if !entries.isEmpty { small.lists[name] = entries }
            }
            for (lane, value) in zip(claimed, values[(6 + rings.count)...]) {
                small.sets["claimed:\(lane)"] = Set(try texts(value))
            }
            return ShardCheck(endpoint: webhook, small, keys: reader.shard.keys).findings.contains {
                $0.identity == finding.identity
            }
        }
        return false
    }

    private func laneNames() async throws(RedisError) -> [String] {
        try texts(await reader.shard.executor.execute(reader.command("ZRANGE", "lanes", "0", "-1")))
    }

    private func texts(_ value: RedisValue) throws(RedisError) -> [String] {
        var texts: [String] = []
        for element in try value.array() { texts.append(try element.text()) }
        return texts
    }

    /// A ring of workspaces, or of endpoints of one workspace, with the list it leads to.
    private func ring(_ finding: ShardFinding, _ name: String) async throws(RedisError) -> Bool {
        let workspace = finding.subject.isEmpty ? String(name.split(separator: ":").last ?? "") : finding.subject
        var names = ["eventring", "events:\(workspace)", "ring:fast", "ring:slow"]
        names += ["ring:fast:\(workspace)", "ring:slow:\(workspace)"]
        if name.hasPrefix("ring:") && !names.contains(name) { names.append(name) }
        let values = try await reader.transaction(names.map { reader.command("LRANGE", $0, "0", "-1") })
        var small = ShardReading()
        for (name, value) in zip(names, values) {
            let entries = try texts(value)
            if !entries.isEmpty { small.lists[name] = entries }
        }
        return ShardCheck(endpoint: "", small, keys: reader.shard.keys).findings.contains {
            $0.identity == finding.identity
        }
    }

    private func deadLetter(
        _ finding: ShardFinding, kind: String, _ rest: String
    ) async throws(RedisError) -> Bool {
        let webhook = kind == "deads" ? finding.subject : rest
        let values = try await reader.transaction([
            reader.command("ZSCORE", "dead:\(webhook)", finding.subject),
            reader.command("HEXISTS", "letters:\(webhook)", finding.subject),
            reader.command("ZSCORE", "deads", webhook), reader.command("EXISTS", "dead:\(webhook)"),
        ])
        let hasTime = !values[0].isNull
        let hasText = try values[1].integer() == 1
        switch kind {
        case "letters": return hasTime && !hasText
        case "dead": return hasText && !hasTime
        default:
            let hasLetters = try values[3].integer() == 1
            return hasLetters && values[2].isNull
        }
    }
}
