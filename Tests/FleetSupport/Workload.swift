import APIClient
package import TestSupport
import WebhookModel

/// Twenty webhooks of three workspaces, and events of all kinds posted through two API nodes.
package struct Workload: Sendable {
    package static let workspaces = ["acme", "globex", "initech"]
    package static let patterns: [[String]] = [
        ["*"], ["company.*"], ["*.deleted"], ["people.created", "people.*"], ["task.updated"], ["person.deleted"],
        ["*.*"], ["opportunity.*", "*.created"],
    ]

    package let producers: [Producer]
    package let subscribers: [Subscriber]

    /// Creates keys and registers the webhooks at `receiver`.
    package static func prepare(
        _ fleet: Fleet, api: Fleet.APINode, receiver: TestReceiver, webhooks: Int = 20
    ) async throws -> Workload {
        var producers: [Producer] = []
        for workspace in workspaces {
            producers.append(Producer(workspace: workspace, key: try await fleet.createKey(workspace: workspace)))
        }
        var subscribers: [Subscriber] = []
        let http = api.client()
        for n in 0..<webhooks {
            let producer = producers[n % producers.count]
            let texts = patterns[n % patterns.count]
            let secret =
                n % 4 == 3 ? nil : (n % 2 == 0 ? "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" : "plain secret \(n)")
            let path = "/hook/\(n)"
            let id = try await RESTClient(http: http, key: producer.key).register(
                target: receiver.url(path), operations: texts, secret: secret)
            subscribers.append(
                Subscriber(
                    id: id, workspace: producer.workspace, path: path, secret: secret,
                    patterns: texts.compactMap { OperationPattern($0, in: .standard) }))
        }
        await http.close()
        return Workload(producers: producers, subscribers: subscribers)
    }

    /// Posts `count` events in batches and singly, and gives what each webhook must receive: bodies by path and event.
    package func post(
        _ count: Int, from start: Int = 0, through nodes: [Fleet.APINode]
    ) async throws -> [String: [String: String]] {
        try await withThrowingTaskGroup(of: [(Producer, Producer.Posted, String)].self) { group in
            for (index, producer) in producers.enumerated() {
                let mine = stride(from: start + index, to: start + count, by: producers.count).map { $0 }
                let node = nodes[index % nodes.count]
                group.addTask { try await Self.post(mine, producer, node) }
            }
            var expected: [String: [String: String]] = [:]
            for try await posted in group {
                for (producer, event, id) in posted { expect(producer, event, id, in: &expected) }
            }
            return expected
        }
    }

    private static func post(
        _ numbers: [Int], _ producer: Producer, _ node: Fleet.APINode
    ) async throws -> [(Producer, Producer.Posted, String)] {
        let http = node.client()
        let client = RESTClient(http: http, key: producer.key)
        var posted: [(Producer, Producer.Posted, String)] = []
        var rest = numbers[...]
        var single = true
        while !rest.isEmpty {
            let part = rest.prefix(single ? 1 : 50)
            rest = rest.dropFirst(part.count)
            let events = part.map { producer.event($0) }
            let ids =
                single
                ? [try await client.post(event: producer.json(events[0]))]
                : try await client.post(batch: events.map(producer.json))
            posted += zip(events, ids).map { (producer, $0, $1) }
            single.toggle()
        }
        await http.close()
        return posted
    }

    private func expect(
        _ producer: Producer, _ event: Producer.Posted, _ id: String, in expected: inout [String: [String: String]]
    ) {
        guard let operation = Operation(event.name, in: .standard) else { return }
        for subscriber in subscribers
        where subscriber.workspace == producer.workspace
            && subscriber.patterns.contains(where: { $0.matches(operation) })
        {
            expected[subscriber.path, default: [:]][id] = producer.delivered(
                event, eventID: id, webhookID: subscriber.id)
        }
    }
}
