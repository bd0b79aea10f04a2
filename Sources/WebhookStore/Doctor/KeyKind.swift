/// What a key of the service is: its type and how long it lives.
struct KeyKind: Sendable {
    enum Shape: String, Sendable {
        case string, list, set, zset, hash
    }

    enum Life: Sendable {
        /// It holds references to events, or the configuration: an expiry would lose what nobody else knows.
        case untilRemoved
        /// Only its own TTL removes it.
        case expires
        /// Either: an endpoint's hash expires once its webhook is deleted.
        case either
    }

    /// As `docs/redis.md` names it: `queue:<webhook>`.
    let name: String
    let shape: Shape
    let life: Life

    private init(_ name: String, _ shape: Shape, _ life: Life = .untilRemoved) {
        self.name = name
        self.shape = shape
        self.life = life
    }

    static let all = [
        KeyKind("workspace:<ws>", .hash), KeyKind("apikey:<keyId>", .hash, .either), KeyKind("apikeys:<ws>", .set),
        KeyKind("webhook:<ws>:<id>", .hash), KeyKind("webhooks:<ws>", .zset), KeyKind("edits:<ws>", .zset),
        KeyKind("version", .string), KeyKind("changed", .zset), KeyKind("deleted:<ws>:<id>", .hash, .expires),
        KeyKind("event:<id>", .string), KeyKind("refs:<id>", .string), KeyKind("fanout:<id>", .string),
        KeyKind("events:<ws>", .list), KeyKind("eventring", .list), KeyKind("wake", .list), KeyKind("lanes", .zset),
        KeyKind("lane:<lane>", .hash, .expires), KeyKind("claimed:<lane>", .set), KeyKind("watched", .string),
        KeyKind("suspects", .list), KeyKind("poison", .list), KeyKind("queue:<webhook>", .list),
        KeyKind("endpoint:<webhook>", .hash, .either), KeyKind("ring:<class>", .list),
        KeyKind("ring:<class>:<ws>", .list), KeyKind("retries", .zset), KeyKind("timers", .zset),
        KeyKind("failing", .zset), KeyKind("purges", .list), KeyKind("attempts:<webhook>", .list, .expires),
        KeyKind("failures:<webhook>", .list, .expires), KeyKind("trail:<event>><webhook>", .list, .expires),
        KeyKind("dead:<webhook>", .zset), KeyKind("letters:<webhook>", .hash), KeyKind("deads", .zset),
        KeyKind("idempotency:event:<hash>", .string, .expires),
        KeyKind("idempotency:request:<hash>", .string, .expires), KeyKind("backlog", .hash), KeyKind("held", .hash),
        KeyKind("totals", .hash),
    ]

    private static let fixed: [String: KeyKind] = {
        var kinds = Dictionary(uniqueKeysWithValues: all.filter { !$0.name.contains("<") }.map { ($0.name, $0) })
        for kind in all where kind.name == "ring:<class>" {
            for name in ["ring:fast", "ring:slow"] { kinds[name] = kind }
        }
        return kinds
    }()

    /// By what stands before the first varying part.
    private static let varying: [String: KeyKind] = {
        var kinds: [String: KeyKind] = [:]
        for kind in all where kind.name.contains("<") && kind.name != "ring:<class>" {
            kinds[String(kind.name.prefix { $0 != "<" })] = kind
        }
        return kinds
    }()

    /// The kind of a key without the prefix; nil when the service has no such key.
    static func of(_ name: String) -> KeyKind? {
        if let kind = fixed[name] { return kind }
        guard let colon = name.firstIndex(of: ":") else { return nil }
        let first = String(name[...colon])
        if let kind = varying[first] { return kind }
        // idempotency:event:<hash>
        guard let second = name[name.index(after: colon)...].firstIndex(of: ":") else { return nil }
        return varying[String(name[...second])]
    }
}
