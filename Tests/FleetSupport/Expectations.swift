package import TestSupport
package import WebhookModel

/// A webhook of a test, with what it must receive.
package struct Subscriber: Sendable {
    package let id: String
    package let workspace: String
    package let path: String
    package let secret: String?
    package let patterns: [OperationPattern]

    package init(id: String, workspace: String, path: String, secret: String?, patterns: [OperationPattern]) {
        self.id = id
        self.workspace = workspace
        self.path = path
        self.secret = secret
        self.patterns = patterns
    }
}

/// What arrived at a receiver, set against what must have.
package struct Arrivals {
    /// Bodies by path and `webhook-id`.
    package private(set) var bodies: [String: [String: [[UInt8]]]] = [:]
    package private(set) var problems: [String] = []

    package init(_ requests: [TestReceiver.Request], subscribers: [Subscriber], now: Int64) {
        let byPath = Dictionary(uniqueKeysWithValues: subscribers.map { ($0.path, $0) })
        for request in requests {
            guard let subscriber = byPath[request.target], let id = request.field("webhook-id") else {
                problems.append("an unexpected request to \(request.target)")
                continue
            }
            bodies[subscriber.path, default: [:]][id, default: []].append(request.body)
            check(request, id, subscriber, now: now)
        }
    }

    private mutating func check(_ request: TestReceiver.Request, _ id: String, _ subscriber: Subscriber, now: Int64) {
        guard let text = subscriber.secret else {
            if request.field("webhook-signature") != nil { problems.append("a signature without a secret") }
            return
        }
        do {
            try StandardWebhookVerifier(try Secret(text)).verify(
                id: id, timestamp: request.field("webhook-timestamp") ?? "",
                signature: request.field("webhook-signature") ?? "", body: request.body, now: now)
        } catch {
            problems.append("\(subscriber.path) \(id): \(error)")
        }
    }

    /// Compares with the expected bodies by path and event id.
    ///
    /// - Parameter duplicates: Whether a delivery may arrive more than once.
    package mutating func compare(_ expected: [String: [String: String]], duplicates: Bool) -> Int {
        var repeated = 0
        for (path, events) in expected {
            let arrived = bodies[path] ?? [:]
            for (event, body) in events {
                guard let copies = arrived[event] else {
                    problems.append("\(path) did not get \(event)")
                    continue
                }
                if copies.contains(where: { $0 != Array(body.utf8) }) {
                    problems.append(
                        "\(path) got other bytes: \(String(decoding: copies[0], as: UTF8.self)) for \(body)")
                }
                repeated += copies.count - 1
            }
            for event in arrived.keys where events[event] == nil { problems.append("\(path) got \(event) unasked") }
        }
        if !duplicates && repeated > 0 { problems.append("\(repeated) deliveries arrived more than once") }
        return repeated
    }
}
