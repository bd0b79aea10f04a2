/// What Redis says about itself: the sections `memory`, `persistence` and `replication` of `INFO`.
package struct RedisServerFacts: Sendable, Hashable {
    package let usedMemory: Int64
    /// 0 for no limit.
    package let memoryLimit: Int64
    /// `noeviction`, or what Redis throws away when its memory is full.
    package let evictionPolicy: String
    package let isAppendOnly: Bool
    /// Whether the last write to the append-only file worked; true when there is none.
    package let lastAppendWorked: Bool
    package let isReplica: Bool
    package let isLoading: Bool
    package let replicas: Int64

    package var evicts: Bool { evictionPolicy != "noeviction" }
    /// Memory against its limit, 0 without one.
    package var memoryShare: Double { memoryLimit > 0 ? Double(usedMemory) / Double(memoryLimit) : 0 }

    /// - Parameter info: The text of the three sections.
    package init(info: String) throws(RedisError) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let used = fields["used_memory"].flatMap({ Int64($0) }), let role = fields["role"] else {
            throw .unexpectedReply("INFO without used_memory or role")
        }
        usedMemory = used
        memoryLimit = fields["maxmemory"].flatMap { Int64($0) } ?? 0
        evictionPolicy = String(fields["maxmemory_policy"] ?? "noeviction")
        isAppendOnly = fields["aof_enabled"] == "1"
        lastAppendWorked = fields["aof_last_write_status"].map { $0 == "ok" } ?? true
        isReplica = role != "master"
        isLoading = fields["loading"] == "1"
        replicas = fields["connected_slaves"].flatMap { Int64($0) } ?? 0
    }
}

extension RedisExecutor {
    package func serverFacts(timeout: Duration? = nil) async throws(RedisError) -> RedisServerFacts {
        var info = ""
        for section in ["memory", "persistence", "replication"] {
            info += try await execute(RedisCommand("INFO", section), timeout: timeout).text() + "\n"
        }
        return try RedisServerFacts(info: info)
    }

    /// Redis's clock, in milliseconds since 1970.
    package func serverTime(timeout: Duration? = nil) async throws(RedisError) -> Int64 {
        let words = try await execute(RedisCommand("TIME"), timeout: timeout).array(atLeast: 2)
        return try words[0].integer() * 1000 + words[1].integer() / 1000
    }
}
