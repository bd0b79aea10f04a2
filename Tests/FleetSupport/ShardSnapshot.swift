package import RedisClient
import WebhookStore

/// Everything that one shard holds, as of one moment.
package struct ShardSnapshot: Sendable {
    package var strings: [String: String] = [:]
    package var lists: [String: [String]] = [:]
    package var sets: [String: Set<String>] = [:]
    /// Members with their scores, in order.
    package var sortedSets: [String: [(member: String, score: Double)]] = [:]
    package var hashes: [String: [String: String]] = [:]

    /// Reads all keys in one step; names are without the prefix.
    package init(_ redis: some RedisExecutor) async throws {
        let reply = try await redis.execute(
            RedisCommand("EVAL", Self.script, "0", StoreKeys.shard0.prefix), timeout: .seconds(20))
        for entry in try reply.array() {
            let parts = try entry.array(atLeast: 3)
            let name = try parts[0].text()
            let values = try parts[2].array().map { try $0.text() }
            switch try parts[1].text() {
            case "string": strings[name] = values.first ?? ""
            case "list": lists[name] = values
            case "set": sets[name] = Set(values)
            case "hash": hashes[name] = try parts[2].fields()
            default:
                sortedSets[name] = stride(from: 0, to: values.count - 1, by: 2).map {
                    (values[$0], Double(values[$0 + 1]) ?? 0)
                }
            }
        }
    }

    /// Name, type and content of each key.
    private static let script = """
        local out = {}
        for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
          local kind, value = redis.call('TYPE', key).ok
          if kind == 'string' then value = {redis.call('GET', key)}
          elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
          elseif kind == 'set' then value = redis.call('SMEMBERS', key)
          elseif kind == 'hash' then value = redis.call('HGETALL', key)
          else value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
          out[#out + 1] = {string.sub(key, #ARGV[1] + 1), kind, value}
        end
        return out
        """

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
