import RedisClient

/// What one pass over a shard has seen. Exact when nothing moved meanwhile; else close enough to say where to look again.
///
/// Names are those of the keys without the prefix.
package struct ShardReading: Sendable {
    package var strings: [String: String] = [:]
    /// Lengths of the stored events by id; bodies are not read.
    package var eventBytes: [String: Int] = [:]
    package var lists: [String: [String]] = [:]
    package var sets: [String: Set<String>] = [:]
    /// Members with their scores.
    package var sortedSets: [String: [String: Double]] = [:]
    /// Of `letters:` only the reason of each dead letter.
    package var hashes: [String: [String: String]] = [:]
    /// All names that the scan has met.
    package var keyNames: [String] = []
    /// Remaining times to live in milliseconds, -1 for none.
    var timesToLive: [String: Int64] = [:]
    /// Keys that have another type than theirs.
    var misshapen: Set<String> = []
    /// Redis's time in milliseconds.
    var now: Int64 = 0
    /// `totals` and the open items of all workspaces before and after the pass, each read in one step.
    var before = Counters()
    var after = Counters()

    package init() {}

    struct Counters: Sendable, Hashable {
        var totals: [String: Int] = [:]
        var open = 0

        /// How many tokens, at most, were made, moved or ended between this and later counters.
        func movement(to later: Counters) -> Int {
            Set(totals.keys).union(later.totals.keys).reduce(abs(later.open - open)) {
                $0 + abs((later.totals[$1] ?? 0) - (totals[$1] ?? 0))
            }
        }
    }

    var movement: Int { before.movement(to: after) }

    /// Takes the counters from the hashes: for a reading that was made in one step.
    package mutating func countAtOnce() {
        after.totals = (hashes["totals"] ?? [:]).compactMapValues { Int($0) }
        after.open = hashes["backlog"]?["*"].flatMap { Int($0) } ?? 0
        before = after
    }

    func members(_ name: String) -> [String] { sortedSets[name].map { Array($0.keys) } ?? [] }

    func total(_ name: String) -> Int { after.totals[name] ?? 0 }

    /// Keys of a kind, with what stands behind the kind's name.
    func named<Value>(_ kind: String, in values: [String: Value]) -> [(rest: String, value: Value)] {
        values.filter { $0.key.hasPrefix(kind) }.map { (String($0.key.dropFirst(kind.count)), $0.value) }
    }
}
