import Crypto
import RedisClient
import Synchronization
import WebhookModel
import WebhookStore

/// The keys that requests came with lately, each believed for at most one second: so long may a revoked key still be
/// taken.
///
/// A key in use is asked for again by one request when half of its time is over, while the others go on with what is
/// known. Only keys that exist are kept; for a minute it is remembered that a key was valid.
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
        /// When a request with the whole token was last let in.
        var validAt: ContinuousClock.Instant?
    }

    static let lifetime = Duration.seconds(1)
    static let memory = Duration.seconds(60)
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

    /// Remembers that a request with this key's whole token was let in.
    func noteValid(_ lookup: String) {
        let now = ContinuousClock.now
        kept.withLock { $0[lookup]?.validAt = now }
    }

    /// Whether a request with this very token was let in less than a minute ago, and the key was not revoked since.
    func wasValid(_ lookup: String, digest: SHA256.Digest) -> Bool {
        let now = ContinuousClock.now
        guard let known = kept.withLock({ $0[lookup] }), let validAt = known.validAt else { return false }
        return now - validAt < Self.memory && digest == known.entry.digest
    }

    private func keep(_ entry: Entry?, _ lookup: String, _ askedAt: ContinuousClock.Instant) {
        kept.withLock { kept in
            guard let entry else {
                kept[lookup] = nil
                return
            }
            if kept.count >= Self.maximum, kept[lookup] == nil {
                kept = kept.filter { askedAt - ($0.value.validAt ?? $0.value.askedAt) < Self.memory }
                if kept.count >= Self.maximum { kept.removeAll() }
            }
            kept[lookup] = Kept(entry: entry, askedAt: askedAt, validAt: kept[lookup]?.validAt)
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
