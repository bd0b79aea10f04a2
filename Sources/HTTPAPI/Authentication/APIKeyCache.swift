import RedisClient
import Synchronization
import WebhookModel
import WebhookStore

/// The keys that requests came with lately, each for at most one second: so long may a revoked key still be taken.
///
/// A key in use is asked for again by one request when half of its time is over, while the others go on with what is
/// known. Only keys that exist are kept.
final class APIKeyCache: Sendable {
    struct Entry: Sendable {
        let key: StoredAPIKey
        /// SHA-256 of the whole token.
        let digest: [UInt8]
    }

    private struct Kept {
        let entry: Entry
        /// When it was asked for: before the answer, so that the answer is at least as new.
        let askedAt: ContinuousClock.Instant
        var isRefreshing = false
    }

    static let lifetime = Duration.seconds(1)
    private static let maximum = 10_000

    private let kept = Mutex<[String: Kept]>([:])

    /// The stored key of a lookup part; nil when there is none.
    func key(_ lookup: String, redis: some RedisExecutor) async throws(StoreError) -> Entry? {
        let now = ContinuousClock.now
        if let known = known(lookup, now) { return known }
        let entry: Entry?
        do throws(StoreError) {
            entry = try await APIKeyStore(Shard(redis)).find(lookup).flatMap { Entry($0) }
        } catch {
            // What is known serves to its end; the next request tries again.
            kept.withLock { $0[lookup]?.isRefreshing = false }
            throw error
        }
        keep(entry, lookup, now)
        return entry
    }

    /// What is known and new enough; nil for the one request that asks again.
    private func known(_ lookup: String, _ now: ContinuousClock.Instant) -> Entry? {
        kept.withLock { kept in
            guard let known = kept[lookup], now - known.askedAt < Self.lifetime else { return nil }
            guard now - known.askedAt > Self.lifetime / 2, !known.isRefreshing else { return known.entry }
            kept[lookup]?.isRefreshing = true
            return nil
        }
    }

    private func keep(_ entry: Entry?, _ lookup: String, _ askedAt: ContinuousClock.Instant) {
        kept.withLock { kept in
            guard let entry else {
                kept[lookup] = nil
                return
            }
            if kept.count >= Self.maximum, kept[lookup] == nil {
                kept = kept.filter { askedAt - $0.value.askedAt < Self.lifetime }
                if kept.count >= Self.maximum { kept.removeAll() }
            }
            kept[lookup] = Kept(entry: entry, askedAt: askedAt)
        }
    }
}

extension APIKeyCache.Entry {
    /// nil for a stored digest that is none: such a key fits no token.
    fileprivate init?(_ key: StoredAPIKey) {
        guard let digest = Hexadecimal.bytes(key.sha256), digest.count == 32 else { return nil }
        self.init(key: key, digest: digest)
    }
}
