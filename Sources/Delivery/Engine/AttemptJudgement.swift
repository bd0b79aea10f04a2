import WebhookModel
import WebhookStore

/// What an attempt's result means for its delivery and for its endpoint (the rules of the public contract on the outcome
/// of an attempt). Pure: the same input gives the same answer.
struct AttemptJudgement {
    let outcome: Outcome
    let verdict: EndpointVerdict?
    /// What clients see of a failure; nil for a success.
    let error: AttemptError?
    let status: Int?
    /// Milliseconds until the next try; nil when there is none.
    let retryIn: Int64?
    var isSuccess: Bool { error == nil }

    /// The longest time that a Retry-After is obeyed.
    static let maximumRetryAfter: Int64 = 3_600_000

    /// - Parameters:
    ///   - attemptsMade: Those before this one.
    ///   - milliseconds: How long the attempt took.
    ///   - windowOpens: Whether the node's own window says that the endpoint fails.
    ///   - randomness: 0 to 1, for the jitter of the next try.
    /// - Returns: nil when the result says nothing about the delivery: nothing of it was sent, or it was cut off.
    init?(
        _ result: AttemptOutcome, attemptsMade: Int, webhookVersion: Int64, milliseconds: Int64, windowOpens: Bool,
        schedule: RetrySchedule, randomness: Double
    ) {
        switch result {
        case .notStarted, .abandoned:
            return nil
        case .response(let code, _) where result.isSuccess:
            self.init(outcome: .delivered, verdict: .up(milliseconds: milliseconds), error: nil, status: Int(code))
        case .response(410, _):
            self.init(
                outcome: .dead(.gone), verdict: .disable(version: webhookVersion, .gone), error: .status,
                status: 410)
        case .blocked:
            self.init(
                outcome: .dead(.blocked), verdict: .down(milliseconds: milliseconds, .blocked), error: .blocked,
                status: nil)
        case .response(let code, let retryAfter):
            self.init(
                failedWith: .status, status: Int(code),
                retryAfter: retryAfter.map { min($0, Self.maximumRetryAfter) }, attemptsMade: attemptsMade,
                milliseconds: milliseconds, windowOpens: windowOpens, schedule: schedule, randomness: randomness)
        case .failure(let error, _):
            self.init(
                failedWith: error, status: nil, retryAfter: nil, attemptsMade: attemptsMade,
                milliseconds: milliseconds, windowOpens: windowOpens, schedule: schedule, randomness: randomness)
        }
    }

    private init(
        failedWith error: AttemptError, status: Int?, retryAfter: Int64?, attemptsMade: Int, milliseconds: Int64,
        windowOpens: Bool, schedule: RetrySchedule, randomness: Double
    ) {
        let verdict: EndpointVerdict =
            if let retryAfter {
                .wait(milliseconds: retryAfter, error)
            } else if windowOpens {
                .open(milliseconds: milliseconds, error)
            } else {
                .down(milliseconds: milliseconds, error)
            }
        let delay = schedule.delay(
            afterAttempts: attemptsMade + 1, retryAfter: retryAfter, randomness: randomness)
        self.init(
            outcome: delay.map { .retry(milliseconds: $0) } ?? .dead(.exhausted), verdict: verdict, error: error,
            status: status, retryIn: delay)
    }

    private init(
        outcome: Outcome, verdict: EndpointVerdict?, error: AttemptError?, status: Int?, retryIn: Int64? = nil
    ) {
        self.outcome = outcome
        self.verdict = verdict
        self.error = error
        self.status = status
        self.retryIn = retryIn
    }
}
