package import WebhookModel

/// Why a delivery became a dead letter.
package enum DeathReason: String, Sendable, Hashable, CaseIterable {
    /// Out of retries.
    case exhausted
    /// The receiver answered 410.
    case gone
    /// The address is not allowed.
    case blocked
    /// The webhook was disabled meanwhile.
    case disabled
    /// Too much waited for the endpoint.
    case overflow
    /// It killed every node that tried it.
    case poison
    /// Its event was missing.
    case expired
}

/// What becomes of a token that a lane gives up.
package enum Outcome: Sendable, Hashable {
    case delivered
    /// Next attempt after so many milliseconds of Redis's time.
    case retry(milliseconds: Int64)
    case dead(DeathReason)
    /// Not started, or given back: to the head of its queue.
    case back
    /// Still running; the token stays.
    case running
}

/// What an attempt says about its endpoint.
package enum EndpointVerdict: Sendable, Hashable {
    /// It succeeded after so many milliseconds.
    case up(milliseconds: Int64)
    /// It failed after so many milliseconds.
    case down(milliseconds: Int64, AttemptError)
    /// It failed, and this node saw half of at least twenty attempts of a minute fail.
    case open(milliseconds: Int64, AttemptError)
    /// The receiver asked to wait for so many milliseconds from now.
    case wait(milliseconds: Int64, AttemptError)
    /// Nothing may be sent for so many milliseconds, for a reason that is not the endpoint's.
    case hold(milliseconds: Int64)
    /// An attempt has been running for more than two seconds.
    case slow
    /// The receiver answered 410 to the webhook as of this version.
    case disable(version: Int64, DisabledReason)

    package typealias DisabledReason = Webhook.DisabledReason
}

/// One token's end, as ``LaneStore/finish(_:lane:)`` takes it.
package struct FinishedToken: Sendable {
    package let token: LaneToken
    package let outcome: Outcome
    package let verdict: EndpointVerdict?
    /// The attempt as one line of JSON, empty for none.
    package let line: [UInt8]

    package init(_ token: LaneToken, _ outcome: Outcome, verdict: EndpointVerdict? = nil, line: [UInt8] = []) {
        self.token = token
        self.outcome = outcome
        self.verdict = verdict
        self.line = line
    }
}
