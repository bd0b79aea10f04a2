import Glibc
package import FleetSupport
import Synchronization
package import TestSupport
import WebhookModel

/// An independent witness: it knows what every webhook must receive, and notes each POST as it comes.
///
/// It shares nothing with the nodes but the contract: bodies are put together by the test's own ``Producer``.
package final class DeliveryOracle: Sendable {
    /// One delivery: a webhook's path and an event.
    package struct Delivery: Hashable, Sendable {
        package let path: String
        package let event: String
    }

    /// A POST that was answered.
    package struct Arrival: Sendable {
        /// Milliseconds since 1970.
        package let at: Int64
        package let isDelivered: Bool
    }

    private struct State {
        var subscribers: [String: Subscriber] = [:]
        var producers: [String: Producer] = [:]
        var arrivals: [Delivery: [Arrival]] = [:]
        var problems: [String] = []
        var posts = 0
        var postsByPath: [String: Int] = [:]
        var delivered = 0
        var answer: @Sendable (TestReceiver.Request) -> TestReceiver.Answer = { _ in .ok }
    }

    private let state = Mutex(State())

    /// Every n-th POST is compared byte for byte and its signature checked; all are counted.
    private let verifiesEvery: Int

    /// - Parameter verifyingEvery: More than 1 where the witness must not be slower than what it watches.
    package init(verifyingEvery: Int = 1) { verifiesEvery = verifyingEvery }

    /// The script of the receivers that this oracle watches.
    package var script: TestReceiver.Script {
        { [self] request in
            let answer = state.withLock { $0.answer }(request)
            note(request, answer)
            return answer
        }
    }

    /// Answers by another script from now on; 200 at first.
    package func answer(_ script: @escaping @Sendable (TestReceiver.Request) -> TestReceiver.Answer) {
        state.withLock { $0.answer = script }
    }

    package func watch(_ subscriber: Subscriber, of producer: Producer) {
        state.withLock { state in
            state.subscribers[subscriber.path] = subscriber
            state.producers[producer.workspace] = producer
        }
    }

    // MARK: What came

    package var posts: Int { state.withLock { $0.posts } }
    /// POSTs answered with 2xx.
    package var delivered: Int { state.withLock { $0.delivered } }
    package var arrivals: [Delivery: [Arrival]] { state.withLock { $0.arrivals } }
    /// What must not have come: other bytes, unknown paths, wrong signatures.
    package var problems: [String] { state.withLock { $0.problems } }
    package var subscribers: [Subscriber] { state.withLock { Array($0.subscribers.values) } }

    package func posts(to path: String) -> Int {
        state.withLock { $0.postsByPath[path] ?? 0 }
    }

    private func note(_ request: TestReceiver.Request, _ answer: TestReceiver.Answer) {
        let at = millisecondsNow()
        var isDelivered = false
        if case .status(let status, _, _, _) = answer { isDelivered = (200..<300).contains(status) }
        let (subscriber, producer) = state.withLock { state in
            let subscriber = state.subscribers[request.target]
            return (subscriber, subscriber.flatMap { state.producers[$0.workspace] })
        }
        let event = request.field("webhook-id") ?? ""
        let isChecked = request.number % verifiesEvery == 0
        let problem = isChecked ? problem(with: request, event, subscriber, producer) : nil
        state.withLock { state in
            state.posts += 1
            state.postsByPath[request.target, default: 0] += 1
            if isDelivered { state.delivered += 1 }
            if let problem, state.problems.count < 100 { state.problems.append("\(request.target): \(problem)") }
            state.arrivals[Delivery(path: request.target, event: event), default: []].append(
                Arrival(at: at, isDelivered: isDelivered))
        }
    }

    private func problem(
        with request: TestReceiver.Request, _ event: String, _ subscriber: Subscriber?, _ producer: Producer?
    ) -> String? {
        guard let subscriber, let producer else { return "a POST to an unknown path" }
        let body = String(decoding: request.body, as: UTF8.self)
        guard let number = number(in: body, of: producer) else { return "a body of nobody: \(body.prefix(200))" }
        let wanted = producer.delivered(producer.event(number), eventID: event, webhookID: subscriber.id)
        guard body == wanted else { return "other bytes: \(body) for \(wanted)" }
        guard let secret = subscriber.secret else { return nil }
        do {
            try StandardWebhookVerifier(try Secret(secret)).verify(
                id: event, timestamp: request.field("webhook-timestamp") ?? "",
                signature: request.field("webhook-signature") ?? "", body: request.body, now: secondsNow())
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The number of an event in its `recordId`: `<workspace>-<number>`.
    private func number(in body: String, of producer: Producer) -> Int? {
        let mark = #""recordId":"\#(producer.workspace)-"#
        guard let range = body.firstRange(of: mark) else { return nil }
        return Int(body[range.upperBound...].prefix { $0.isNumber })
    }
}

/// Milliseconds since 1970.
package func millisecondsNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
