import Synchronization

/// How often something may be done: a steady rate, and how much may be saved up.
struct Rate: Sendable, Hashable {
    /// A second.
    let perSecond: Double
    let burst: Double

    /// nil for a rate of zero, which means no limit.
    init?(perSecond: Int, burst: Int) {
        guard perSecond > 0 else { return nil }
        self.perSecond = Double(perSecond)
        self.burst = Double(max(burst, 1))
    }
}

/// Token buckets, one for each key (an API key, a peer), in bounded memory and without a timer.
///
/// A bucket that is full again is as good as none and is forgotten when room is needed. When every bucket is in use, all
/// further keys share one: whoever brings many keys limits himself.
final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private struct State {
        var buckets: [Key: Bucket] = [:]
        var shared: Bucket?
    }

    private let rate: Rate
    private let maximumKeys: Int
    private let state = Mutex(State())

    init(_ rate: Rate, maximumKeys: Int = 10_000) {
        self.rate = rate
        self.maximumKeys = maximumKeys
    }

    /// How many keys have a bucket of their own.
    var count: Int { state.withLock { $0.buckets.count } }

    /// Takes one token; nil when there was one, else the time until there is.
    func take(_ key: Key, now: ContinuousClock.Instant = .now) -> Duration? {
        change(key, now) { bucket, rate in
            guard bucket.tokens >= 1 else { return Self.wait(bucket, rate) }
            bucket.tokens -= 1
            return nil
        }
    }

    /// Takes more than one token at once, even those that are not there yet.
    func spend(_ count: Int, _ key: Key, now: ContinuousClock.Instant = .now) {
        guard count > 0 else { return }
        _ = change(key, now) { bucket, _ -> Duration? in
            bucket.tokens -= Double(count)
            return nil
        }
    }

    /// The time until there is a token; nil when there is one.
    func wait(_ key: Key, now: ContinuousClock.Instant = .now) -> Duration? {
        change(key, now) { bucket, rate in bucket.tokens >= 1 ? nil : Self.wait(bucket, rate) }
    }

    private static func wait(_ bucket: Bucket, _ rate: Rate) -> Duration {
        .seconds((1 - bucket.tokens) / rate.perSecond)
    }

    private func change(
        _ key: Key, _ now: ContinuousClock.Instant, _ body: (inout Bucket, Rate) -> Duration?
    ) -> Duration? {
        state.withLock { state in
            if state.buckets[key] == nil, state.buckets.count >= maximumKeys {
                state.buckets = state.buckets.filter { filled($0.value, now).tokens < rate.burst }
                guard state.buckets.count < maximumKeys else {
                    var bucket = filled(state.shared, now)
                    defer { state.shared = bucket }
                    return body(&bucket, rate)
                }
            }
            var bucket = filled(state.buckets[key], now)
            defer { state.buckets[key] = bucket }
            return body(&bucket, rate)
        }
    }

    private func filled(_ bucket: Bucket?, _ now: ContinuousClock.Instant) -> Bucket {
        guard let bucket else { return Bucket(tokens: rate.burst, filledAt: now) }
        let seconds = (now - bucket.filledAt) / .seconds(1)
        guard seconds > 0 else { return bucket }
        return Bucket(tokens: min(rate.burst, bucket.tokens + seconds * rate.perSecond), filledAt: now)
    }
}

extension Duration {
    /// Whole seconds for `Retry-After`: at least one, never too early.
    var retryAfterSeconds: Int { max(1, Int((self / .seconds(1)).rounded(.up))) }
}
