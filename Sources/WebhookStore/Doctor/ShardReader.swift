import RedisClient

/// Reads a shard in bounded steps: SCAN for the names, then each key in pages. Nothing is written.
struct ShardReader: Sendable {
    let shard: Shard
    /// Told how many keys were read so far, every few hundred.
    let progress: @Sendable (Int) -> Void

    /// Entries of one reply.
    private static let page = 500
    /// Commands on their way at once.
    private static let window = 64

    private var prefix: String { shard.keys.prefix }

    /// One pass. What moves goes from the first of these places to the last and round again, so the order of reading makes
    /// it likelier to be met twice than never.
    func read() async throws(RedisError) -> ShardReading {
        var reading = ShardReading()
        reading.before = try await counters()
        reading.keyNames = try await names()
        var byKind: [String: [String]] = [:]
        for name in reading.keyNames {
            if let kind = KeyKind.of(name) { byKind[kind.name, default: []].append(name) }
        }
        reading.sortedSets["lanes"] = try await sortedSet("lanes", &reading)
        reading.sortedSets["retries"] = try await sortedSet("retries", &reading)
        try await readEndpoints(&byKind, &reading)
        // Keys made since the scan are found by what they belong to.
        let webhooks = reading.named("endpoint:", in: reading.hashes).map(\.rest)
        add(webhooks.map { "queue:\($0)" }, to: &byKind["queue:<webhook>", default: []])
        add(reading.members("lanes").map { "claimed:\($0)" }, to: &byKind["claimed:<lane>", default: []])
        try await readLists(["events:<ws>", "queue:<webhook>", "suspects"], byKind, &reading)
        try await readSets(byKind["claimed:<lane>"] ?? [], &reading)
        for name in byKind["dead:<webhook>"] ?? [] { reading.sortedSets[name] = try await sortedSet(name, &reading) }
        for name in byKind["letters:<webhook>"] ?? [] { reading.hashes[name] = try await letters(name, &reading) }
        for name in ["deads", "timers", "failing"] { reading.sortedSets[name] = try await sortedSet(name, &reading) }
        try await readLists(
            ["poison", "purges", "eventring", "ring:<class>", "ring:<class>:<ws>", "wake"], byKind, &reading)
        for name in byKind["trail:<event>><webhook>"] ?? [] { reading.lists[name] = [] }
        try await readEvents(byKind["event:<id>"] ?? [], &reading)
        for name in ["backlog", "held"] { reading.hashes[name] = try await hash(name, &reading) }
        try await readLives(&reading)
        reading.after = try await counters()
        reading.hashes["totals"] = reading.after.totals.mapValues(String.init)
        return reading
    }

    private func add(_ more: [String], to names: inout [String]) { names = Array(Set(names).union(more)) }

    // MARK: Commands

    func command(_ name: StaticString, _ key: String, _ words: String...) -> RedisCommand {
        var command = RedisCommand(name)
        command.arguments.append(prefix + key)
        for word in words { command.arguments.append(word) }
        return command
    }

    /// Replies in order; an error reply stands in its place.
    func replies(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        var all: [RedisValue] = []
        all.reserveCapacity(commands.count)
        for start in stride(from: 0, to: commands.count, by: Self.window) {
            let part = commands[start..<min(start + Self.window, commands.count)]
            let executor = shard.executor
            let results = await withTaskGroup(of: (Int, Result<RedisValue, RedisError>).self) { group in
                for (index, command) in zip(part.indices, part) {
                    group.addTask {
                        do throws(RedisError) {
                            return (index, .success(try await executor.execute(command)))
                        } catch {
                            return (index, .failure(error))
                        }
                    }
                }
                var results: [(Int, Result<RedisValue, RedisError>)] = []
                for await result in group { results.append(result) }
                return results.sorted { $0.0 < $1.0 }
            }
            for (_, result) in results {
                switch result {
                case .success(let value): all.append(value)
                case .failure(.server(let error)) where error.code == "WRONGTYPE": all.append(.error(error))
                case .failure(let error): throw error
                }
            }
            if start % (Self.window * 8) == 0 { progress(start) }
        }
        return all
    }

    /// Replies of commands that Redis carries out in one step.
    func transaction(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        _ = try await shard.executor.execute(RedisCommand("MULTI"))
        for command in commands { _ = try await shard.executor.execute(command) }
        return try await shard.executor.execute(RedisCommand("EXEC")).array(atLeast: commands.count)
    }

    private func counters() async throws(RedisError) -> ShardReading.Counters {
        let values = try await transaction([
            command("HGETALL", "totals"), command("HGET", "backlog", "*"),
        ])
        var counters = ShardReading.Counters()
        for (name, text) in try values[0].fields() { counters.totals[name] = Int(text) ?? 0 }
        counters.open = try values[1].optionalText().flatMap { Int($0) } ?? 0
        return counters
    }

    private func names() async throws(RedisError) -> [String] {
        var names: Set<String> = []
        var cursor = "0"
        repeat {
            let step = try await shard.executor.execute(
                RedisCommand("SCAN", cursor, "MATCH", "\(prefix)*", "COUNT", "\(Self.page)")
            ).array(atLeast: 2)
            cursor = try step[0].text()
            for value in try step[1].array() { names.insert(String(try value.text().dropFirst(prefix.count))) }
            progress(names.count)
        } while cursor != "0"
        return Array(names)
    }

    // MARK: Kinds of keys

    private func isMisshapen(_ value: RedisValue, _ name: String, _ reading: inout ShardReading) -> Bool {
        guard case .error = value else { return false }
        reading.misshapen.insert(name)
        return true
    }

    private func readEndpoints(
        _ byKind: inout [String: [String]], _ reading: inout ShardReading
    ) async throws(RedisError) {
        let names = byKind["endpoint:<webhook>"] ?? []
        for (name, value) in zip(names, try await replies(names.map { command("HGETALL", $0) })) {
            if isMisshapen(value, name, &reading) { continue }
            let fields = try value.fields()
            if !fields.isEmpty { reading.hashes[name] = fields }
        }
    }

    /// Lists are read from their tails: what is pushed or taken at either end meanwhile is then never skipped.
    private func readLists(
        _ kinds: [String], _ byKind: [String: [String]], _ reading: inout ShardReading
    ) async throws(RedisError) {
        for kind in kinds {
            let names = byKind[kind] ?? []
            let first = try await replies(names.map { command("LRANGE", $0, "-\(Self.page)", "-1") })
            for (name, value) in zip(names, first) {
                if isMisshapen(value, name, &reading) { continue }
                var entries = try texts(value)
                var last = entries.count
                var depth = Self.page
                while last == Self.page {
                    let more = try texts(
                        await shard.executor.execute(
                            command("LRANGE", name, "-\(depth + Self.page)", "-\(depth + 1)")))
                    entries = more + entries
                    last = more.count
                    depth += Self.page
                }
                if !entries.isEmpty { reading.lists[name] = entries }
            }
        }
    }

    private func texts(_ value: RedisValue) throws(RedisError) -> [String] {
        var texts: [String] = []
        for element in try value.array() { texts.append(try element.text()) }
        return texts
    }

    private func readSets(_ names: [String], _ reading: inout ShardReading) async throws(RedisError) {
        for name in names {
            let members = try await scan("SSCAN", name, &reading)
            if !members.isEmpty { reading.sets[name] = Set(members) }
        }
    }

    private func sortedSet(
        _ name: String, _ reading: inout ShardReading
    ) async throws(RedisError) -> [String: Double]? {
        let flat = try await scan("ZSCAN", name, &reading)
        guard !flat.isEmpty else { return nil }
        var members: [String: Double] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { members[flat[index]] = Double(flat[index + 1]) ?? 0 }
        return members
    }

    private func hash(_ name: String, _ reading: inout ShardReading) async throws(RedisError) -> [String: String]? {
        let flat = try await scan("HSCAN", name, &reading)
        guard !flat.isEmpty else { return nil }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { fields[flat[index]] = flat[index + 1] }
        return fields
    }

    /// `#<attempts made> <reason> <attempts>`: the reason alone.
    private func letters(_ name: String, _ reading: inout ShardReading) async throws(RedisError) -> [String: String]? {
        try await hash(name, &reading)?.mapValues { text in
            let words = text.split(separator: " ", maxSplits: 2)
            return words.count > 1 ? String(words[1]) : ""
        }
    }

    private func scan(
        _ name: StaticString, _ key: String, _ reading: inout ShardReading
    ) async throws(RedisError) -> [String] {
        var found: [String] = []
        var cursor = "0"
        repeat {
            let step: [RedisValue]
            do throws(RedisError) {
                step = try await shard.executor.execute(command(name, key, cursor, "COUNT", "\(Self.page)"))
                    .array(atLeast: 2)
            } catch {
                guard error.hasCode("WRONGTYPE") else { throw error }
                reading.misshapen.insert(key)
                return []
            }
            cursor = try step[0].text()
            found += try texts(step[1])
        } while cursor != "0"
        return found
    }

    /// Stored events, their references and cursors; those of tokens too, whose keys may be younger than the scan.
    private func readEvents(_ names: [String], _ reading: inout ShardReading) async throws(RedisError) {
        var ids = Set(names.map { String($0.dropFirst("event:".count)) })
        for name in reading.keyNames where name.hasPrefix("refs:") || name.hasPrefix("fanout:") {
            ids.insert(String(name.drop { $0 != ":" }.dropFirst()))
        }
        ids.formUnion(TokenPlaces(reading).eventIDs)
        let list = Array(ids)
        for start in stride(from: 0, to: list.count, by: Self.page) {
            let part = list[start..<min(start + Self.page, list.count)]
            let lengths = try await replies(part.map { command("STRLEN", "event:\($0)") })
            for (id, value) in zip(part, lengths) {
                if isMisshapen(value, "event:\(id)", &reading) { continue }
                let length = Int(try value.integer())
                if length > 0 { reading.eventBytes[id] = length }
            }
            for kind in ["refs:", "fanout:"] {
                var get = RedisCommand("MGET")
                for id in part { get.arguments.append("\(prefix)\(kind)\(id)") }
                for (id, value) in zip(part, try await shard.executor.execute(get).array(atLeast: part.count)) {
                    if let text = try value.optionalText() { reading.strings["\(kind)\(id)"] = text }
                }
            }
            progress(start)
        }
    }

    private func readLives(_ reading: inout ShardReading) async throws(RedisError) {
        let time = try await shard.executor.execute(RedisCommand("TIME")).array(atLeast: 2)
        reading.now = try time[0].integer() * 1000 + time[1].integer() / 1000
        let names = reading.keyNames
        for (name, value) in zip(names, try await replies(names.map { command("PTTL", $0) })) {
            reading.timesToLive[name] = try value.integer()
        }
        let known = names.filter { KeyKind.of($0) != nil }
        for (name, value) in zip(known, try await replies(known.map { command("TYPE", $0) })) {
            let type = try value.text()
            if type != "none", type != KeyKind.of(name)?.shape.rawValue { reading.misshapen.insert(name) }
        }
    }
}
