/// How an endpoint does, as the API tells it.
package struct WebhookHealth: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case ok
        /// Nothing but a probe is sent.
        case failing
        /// A probe may be on its way.
        case probing
        case disabled
    }

    package let state: State
    package let consecutiveFailures: Int
    /// Milliseconds since 1970.
    package let lastSuccessAt: Int64?
    /// Milliseconds since 1970.
    package let lastFailureAt: Int64?
    package let lastFailure: AttemptError?
    /// The next probe, milliseconds since 1970; nil unless one is waited for.
    package let nextAttemptAt: Int64?

    package init(
        state: State, consecutiveFailures: Int = 0, lastSuccessAt: Int64? = nil, lastFailureAt: Int64? = nil,
        lastFailure: AttemptError? = nil, nextAttemptAt: Int64? = nil
    ) {
        self.state = state
        self.consecutiveFailures = consecutiveFailures
        self.lastSuccessAt = lastSuccessAt
        self.lastFailureAt = lastFailureAt
        self.lastFailure = lastFailure
        self.nextAttemptAt = nextAttemptAt
    }
}
