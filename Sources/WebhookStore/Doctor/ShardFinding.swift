/// Something that must hold over a shard and does not.
package struct ShardFinding: Sendable, Hashable {
    package enum Rule: String, Sendable, CaseIterable {
        /// A token in more than one place: it would be delivered twice.
        case severalPlaces = "token-in-several-places"
        /// A token whose event is not stored: it cannot be delivered.
        case missingEvent = "token-without-event"
        /// A stored event that no token refers to: lost, or never to be removed.
        case strayEvent = "event-without-token"
        /// `refs` is not the number of deliveries that are open or dead.
        case references
        /// `refs` or `fanout` of an event that is not stored.
        case strayReference = "reference-without-event"
        /// An entry that is no token.
        case unreadable = "unreadable-token"
        /// Tokens on a lane that is not registered: nobody would return them.
        case claimedWithoutLane = "claimed-without-lane"
        /// A lane whose lease ended long ago though nodes live.
        case laneNotReaped = "lane-not-reaped"
        /// An endpoint's count of attempts in flight is not the number of its claimed tokens.
        case inFlight = "in-flight"
        /// Something waits and no ring, timer or purge leads to it.
        case stranded
        /// Rings and what endpoints and lists say of them differ.
        case rings
        /// `failing`, `timers` or the probe do not fit the endpoint's state.
        case health
        /// `dead`, `letters` and `deads` differ.
        case deadLetters = "dead-letters"
        /// Counters are not what is there.
        case backlog, held, totals
        /// A key that the service does not have, or of another type.
        case unknownKey = "unknown-key"
        /// A TTL where there must be none, or none where there must be one.
        case expiry
        /// The failed attempts of a delivery that is not open.
        case strayTrail = "trail-without-delivery"
    }

    package let rule: Rule
    /// The key to look at, as redis-cli takes it.
    package let key: String
    /// What it is about within the key: a token, an id; the sign of a difference for counters.
    package let subject: String
    /// In words.
    package let detail: String

    package var identity: String { "\(rule.rawValue) \(key) \(subject)" }
}

extension ShardFinding: CustomStringConvertible {
    package var description: String { "\(rule.rawValue): \(key): \(detail)" }
}
