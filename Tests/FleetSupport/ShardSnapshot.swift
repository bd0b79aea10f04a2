package import RedisClient
import WebhookStore

/// Everything that one shard holds, read key by key while nothing else writes.
package struct ShardSnapshot: Sendable {
    package var strings: [String: String] = [:]
    package var lists: [String: [String]] = [:]
    package var sets: [String: Set<String>] = [:]
    /// Members with their scores, in order.
    package var sortedSets: [String: [(member: String, score: Double)]] = [:]
    package var hashes: [String: [String: String]] = [:]

    /// Reads all keys; names are without the prefix.
    package init(_ redis: some RedisExecutor) async throws {
        let prefix = StoreKeys.shard0.prefix
        for value in try await redis.execute(RedisCommand("KEYS", "*")).array() {
            let key = try value.text()
            guard key.hasPrefix(prefix) else { continue }
            let name = String(key.dropFirst(prefix.count))
            switch try await redis.execute(RedisCommand("TYPE", key)).text() {
            case "string": strings[name] = try await redis.execute(RedisCommand("GET", key)).text()
            case "list":
                lists[name] = try await redis.execute(RedisCommand("LRANGE", key, "0", "-1")).array().map {
                    try $0.text()
                }
            case "set":
                sets[name] = Set(try await redis.execute(RedisCommand("SMEMBERS", key)).array().map { try $0.text() })
            case "hash": hashes[name] = try await redis.execute(RedisCommand("HGETALL", key)).fields()
            default:
                let flat = try await redis.execute(RedisCommand("ZRANGE", key, "0", "-1", "WITHSCORES")).array()
                sortedSets[name] = try stride(from: 0, to: flat.count, by: 2).map {
                    (try flat[$0].text(), Double(try flat[$0 + 1].text()) ?? 0)
                }
            }
        }
    }

    package var keyNames: [String] {
        Array(strings.keys) + Array(lists.keys) + Array(sets.keys) + Array(sortedSets.keys) + Array(hashes.keys)
    }

    func members(_ name: String) -> [String] { sortedSets[name]?.map(\.member) ?? [] }

    func total(_ name: String) -> Int { hashes["totals"]?[name].flatMap { Int($0) } ?? 0 }

    /// Keys of a kind, with what stands behind the kind's name.
    func named<Value>(_ kind: String, in values: [String: Value]) -> [(rest: String, value: Value)] {
        values.filter { $0.key.hasPrefix(kind) }.map { (String($0.key.dropFirst(kind.count)), $0.value) }
    }
}
