import RedisClient

/// A delivery node as its lane shows it.
package struct LivingNode: Sendable, Hashable {
    package let lane: String
    package let host: String
    package let processID: String
    package let version: String
    /// Tokens on its lane: what it sends, and what waits in its memory.
    package let held: Int64
    /// How long its lease runs on, in milliseconds; negative when it has run out.
    package let leaseLeft: Int64
    /// Whether its node gave it up.
    package let isAbandoned: Bool
}

extension Shard {
    /// The lanes, at most a hundred, the next to run out first.
    package func nodes() async throws(StoreError) -> [LivingNode] {
        let now = try await serverTime()
        let reply = try await execute(RedisCommand("ZRANGE", keys.lanes, "0", "99", "WITHSCORES"))
        let lanes = try decoding { () throws(RedisError) in try reply.scoredTexts() }
        var nodes: [LivingNode] = []
        for (lane, expiry) in lanes {
            let facts = try await execute(RedisCommand("HGETALL", keys.lane(lane)))
            let held = try await execute(RedisCommand("SCARD", keys.claimed(lane)))
            nodes.append(
                try decoding { () throws(RedisError) in
                    let fields = try facts.fields()
                    return LivingNode(
                        lane: lane, host: fields["host"] ?? "", processID: fields["pid"] ?? "",
                        version: fields["version"] ?? "", held: try held.integer(), leaseLeft: expiry - now,
                        isAbandoned: fields["abandoned"] != nil)
                })
        }
        return nodes
    }

    func serverTime() async throws(StoreError) -> Int64 {
        do throws(RedisError) {
            return try await executor.serverTime()
        } catch {
            throw .redis(error)
        }
    }

    /// The workspaces with most open items, at most `count`, and how many there are.
    ///
    /// Reads in steps; of more than 100,000 workspaces only the first that come are looked at.
    package func busiestWorkspaces(_ count: Int) async throws(StoreError) -> [(workspace: String, openItems: Int64)] {
        var found: [(workspace: String, openItems: Int64)] = []
        var cursor = "0"
        var steps = 0
        repeat {
            let reply = try await execute(RedisCommand("HSCAN", keys.backlog, cursor, "COUNT", "500"))
            cursor = try decoding { () throws(RedisError) in
                let values = try reply.array(atLeast: 2)
                for (name, items) in try values[1].fields() where name != "*" {
                    if let items = Int64(items), items > 0 { found.append((name, items)) }
                }
                return try values[0].text()
            }
            found.sort { ($1.openItems, $0.workspace) < ($0.openItems, $1.workspace) }
            found = Array(found.prefix(count))
            steps += 1
        } while cursor != "0" && steps < 200
        return found
    }
}

extension RedisValue {
    /// Members with whole scores, as `WITHSCORES` gives them.
    func scoredTexts() throws(RedisError) -> [(String, Int64)] {
        let values = try array()
        var result: [(String, Int64)] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            result.append((try values[index].text(), milliseconds(try values[index + 1].text())))
        }
        return result
    }
}
