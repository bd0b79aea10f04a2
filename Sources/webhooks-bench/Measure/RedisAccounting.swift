import RedisClient

/// What Redis has done so far, by its own counters (`INFO`).
struct RedisAccounting: Sendable {
    /// User and system time in seconds.
    let cpuSeconds: Double
    /// Commands that clients sent: those inside of scripts do not count.
    let calls: Int
    /// Bytes from and to clients.
    let bytes: Int
    /// Bytes of memory in use (`used_memory`).
    let memory: Int

    static func read(_ connection: RedisConnection) async throws -> RedisAccounting {
        var fields: [Substring: Substring] = [:]
        var calls = 0
        for section in ["cpu", "stats", "memory", "commandstats"] {
            let text = try await connection.execute(RedisCommand("INFO", section)).text()
            for line in text.split(whereSeparator: \.isNewline) {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[line[..<colon]] = line[line.index(after: colon)...]
            }
        }
        // Every step of an event is a script. The counters of other commands hold the calls inside of scripts too.
        for name in ["evalsha", "blpop"] {
            guard let statistics = fields["cmdstat_\(name)"] else { continue }
            calls += Self.number("calls", in: statistics)
        }
        return RedisAccounting(
            cpuSeconds: (Double(fields["used_cpu_sys"] ?? "") ?? 0) + (Double(fields["used_cpu_user"] ?? "") ?? 0),
            calls: calls,
            bytes: (Int(fields["total_net_input_bytes"] ?? "") ?? 0)
                + (Int(fields["total_net_output_bytes"] ?? "") ?? 0),
            memory: Int(fields["used_memory"] ?? "") ?? 0)
    }

    private static func number(_ name: String, in text: Substring) -> Int {
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=")
            if parts.count == 2, parts[0] == name { return Int(parts[1]) ?? 0 }
        }
        return 0
    }

    static func - (later: RedisAccounting, earlier: RedisAccounting) -> RedisAccounting {
        RedisAccounting(
            cpuSeconds: later.cpuSeconds - earlier.cpuSeconds, calls: later.calls - earlier.calls,
            bytes: later.bytes - earlier.bytes, memory: later.memory - earlier.memory)
    }
}
