import FoundationEssentials
import NIOCore
import NIOHTTP1
import WebhookModel

/// What became of a request that went out.
extension HTTPSender {
    /// The answer is there, as far as the result needs it.
    func exchangeAnswered(_ running: RunningAttempt, _ answer: ResponseExchange, by connection: Connection) {
        end(running, answer: answer, by: connection)
    }

    /// What came is no answer.
    func exchangeFailed(
        _ running: RunningAttempt, _ error: AttemptError, _ detail: String, by connection: Connection
    ) {
        running.phases.wait = running.endPhase(at: .now())
        end(running, .failure(error, detail: detail), by: connection)
    }

    /// The connection broke while the request was out.
    func exchangeBroke(_ running: RunningAttempt, _ cause: FailureCause, by connection: Connection) {
        let exchange = connection.exchange
        if exchange.hasHead { return end(running, answer: exchange, by: connection) }
        if connection.isReused, !exchange.hasBytes, !running.isRepeated {
            // The peer had closed a kept connection: that says nothing about the endpoint. Once more, on a fresh one.
            running.isRepeated = true
            gauges.requestRepeated()
            running.phaseBegan = .now()
            return dial(running)
        }
        switch cause.kind {
        case .tls: exchangeFailed(running, .tls, cause.detail, by: connection)
        case .protocol: exchangeFailed(running, .protocol, cause.detail, by: connection)
        case .ended where exchange.hasBytes:
            exchangeFailed(running, .protocol, "\(cause.detail) in the middle of the head", by: connection)
        case .broken, .ended, .unreachable, .noLocalResources:
            exchangeFailed(running, .connection, cause.detail, by: connection)
        }
    }

    /// The time that a Retry-After asks for, in milliseconds from now.
    func retryAfter(_ fields: HTTPHeaders) -> Int64? {
        fields.first(name: "retry-after").flatMap {
            RetryAfter.parse($0, now: Int64(Date().timeIntervalSince1970 * 1000))
        }
    }
}
