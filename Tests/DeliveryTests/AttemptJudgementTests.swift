import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

@Suite struct AttemptJudgementTests {
    private let schedule = RetrySchedule(delays: [1000, 2000, 3000])

    private func judge(
        _ outcome: AttemptOutcome, attemptsMade: Int = 0, windowOpens: Bool = false, randomness: Double = 0
    ) -> AttemptJudgement? {
        AttemptJudgement(
            outcome, attemptsMade: attemptsMade, webhookVersion: 42, milliseconds: 7, windowOpens: windowOpens,
            schedule: schedule, randomness: randomness)
    }

    @Test(arguments: [200, 201, 204, 299] as [UInt16])
    func `a 2xx is delivered`(status: UInt16) throws {
        let judgement = try #require(judge(.response(status: status, retryAfterMilliseconds: nil)))
        #expect(judgement.outcome == .delivered)
        #expect(judgement.verdict == .up(milliseconds: 7))
        #expect(judgement.isSuccess)
    }

    @Test(arguments: [301, 400, 404, 500, 503] as [UInt16])
    func `any other status is retried on the schedule`(status: UInt16) throws {
        let judgement = try #require(judge(.response(status: status, retryAfterMilliseconds: nil), attemptsMade: 1))
        #expect(judgement.outcome == .retry(milliseconds: 2000))
        #expect(judgement.verdict == .down(milliseconds: 7, .status))
        #expect(judgement.retryIn == 2000)
        #expect(judgement.status == Int(status))
    }

    @Test(arguments: [AttemptError.timeout, .connection, .dns, .tls, .protocol])
    func `no answer is retried with its class`(error: AttemptError) throws {
        let judgement = try #require(judge(.failure(error, detail: "x"), randomness: 0.5))
        #expect(judgement.outcome == .retry(milliseconds: 1100))
        #expect(judgement.verdict == .down(milliseconds: 7, error))
        #expect(judgement.status == nil)
    }

    @Test func `out of retries is a dead letter`() throws {
        let judgement = try #require(judge(.response(status: 500, retryAfterMilliseconds: nil), attemptsMade: 3))
        #expect(judgement.outcome == .dead(.exhausted))
        #expect(judgement.retryIn == nil)
    }

    @Test func `410 is final and disables the webhook as of its version`() throws {
        let judgement = try #require(judge(.response(status: 410, retryAfterMilliseconds: 5)))
        #expect(judgement.outcome == .dead(.gone))
        #expect(judgement.verdict == .disable(version: 42, .gone))
    }

    @Test func `Retry-After moves the next attempt and makes the endpoint wait`() throws {
        let judgement = try #require(judge(.response(status: 429, retryAfterMilliseconds: 60_000), windowOpens: true))
        #expect(judgement.outcome == .retry(milliseconds: 60_000))
        #expect(judgement.verdict == .wait(milliseconds: 60_000, .status))
    }

    @Test func `Retry-After counts for at most an hour, and jitter only adds`() throws {
        let judgement = try #require(
            judge(.response(status: 503, retryAfterMilliseconds: 86_400_000), randomness: 0.999))
        guard case .retry(let milliseconds) = judgement.outcome else {
            Issue.record("not retried")
            return
        }
        #expect((3_600_000...4_320_000).contains(milliseconds))
        #expect(judgement.verdict == .wait(milliseconds: 3_600_000, .status))
    }

    @Test func `a blocked address is final and a failure of the endpoint`() throws {
        let judgement = try #require(judge(.blocked(reason: "private")))
        #expect(judgement.outcome == .dead(.blocked))
        #expect(judgement.verdict == .down(milliseconds: 7, .blocked))
        #expect(judgement.error == .blocked)
    }

    @Test func `the node's own window opens the endpoint`() throws {
        let judgement = try #require(judge(.failure(.timeout, detail: ""), windowOpens: true))
        #expect(judgement.verdict == .open(milliseconds: 7, .timeout))
    }

    @Test(arguments: [AttemptOutcome.abandoned, .notStarted(.wait), .notStarted(.stopping)])
    func `what was not sent or was cut off says nothing`(outcome: AttemptOutcome) {
        #expect(judge(outcome) == nil)
    }
}
