import APIClient
package import FleetSupport
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport

/// What a producer was promised: one event that was answered with 202.
package struct Accepted: Sendable {
    package let workspace: String
    package let number: Int
    package let event: String
    /// When the answer was there, in milliseconds since 1970.
    package let at: Int64
}

/// Posts events as a producer that has read the contract does: an event that was not answered with 202 is posted again,
/// with the same `id`, at the next node, until it is.
package final class LoadProducer: Sendable {
    private struct State {
        var accepted: [Accepted] = []
        var next: Int
        var refused: [Int: Int] = [:]
        var brokenRequests = 0
        /// Longest time from a first failure to the next 202, in milliseconds.
        var longestOutage: Int64 = 0
    }

    package let producer: Producer
    private let ports: @Sendable () -> [Int]
    private let state: Mutex<State>
    /// Told apart from other producers' ids.
    private let name: String

    /// - Parameters:
    ///   - first: The number of its first event.
    ///   - ports: The API nodes that may be asked now.
    package init(_ producer: Producer, name: String, first: Int = 0, ports: @escaping @Sendable () -> [Int]) {
        self.producer = producer
        self.ports = ports
        self.name = name
        state = Mutex(State(next: first))
    }

    package var accepted: [Accepted] { state.withLock { $0.accepted } }
    package var acceptedCount: Int { state.withLock { $0.accepted.count } }
    /// Answers other than 202, by status.
    package var refused: [Int: Int] { state.withLock { $0.refused } }
    /// Requests without an answer.
    package var brokenRequests: Int { state.withLock { $0.brokenRequests } }
    package var longestOutage: Duration { .milliseconds(state.withLock { $0.longestOutage }) }

    /// Posts until the task is cancelled, `rate` events a second in batches of `batch`.
    package func run(rate: Int, batch: Int = 10) async throws {
        let clock = ContinuousClock()
        var due = clock.now
        while !Task.isCancelled {
            try await post(count: batch)
            due = max(due + .milliseconds(1000 * batch / rate), clock.now - .seconds(1))
            try? await clock.sleep(until: due)  // cancelled: the loop ends
        }
    }

    /// Posts one batch until it is accepted; a cancelled task finishes it first.
    package func post(count: Int) async throws {
        let first = state.withLock { state in
            defer { state.next += count }
            return state.next
        }
        let numbers = Array(first..<(first + count))
        let events = numbers.map { number in
            "{\"id\":\"\(name)-\(number)\",\(producer.json(producer.event(number)).dropFirst())"
        }
        let begun = millisecondsNow()
        var failedAt: Int64?
        var turn = numbers[0] / max(1, count)
        while true {
            if let ids = try await offer(events, turn: turn) {
                let at = millisecondsNow()
                let outage = failedAt.map { at - $0 } ?? 0
                state.withLock { state in
                    for (number, id) in zip(numbers, ids) {
                        state.accepted.append(
                            Accepted(workspace: producer.workspace, number: number, event: id, at: at))
                    }
                    state.longestOutage = max(state.longestOutage, outage)
                }
                return
            }
            failedAt = failedAt ?? begun
            turn += 1
            guard millisecondsNow() - begun < 120_000 else {
                throw ChildProcess.Failure(description: "no node took an event of \(producer.workspace) for 120 s")
            }
            // On a detached clock: the events of a cancelled producer are settled all the same.
            await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value
        }
    }

    /// The events' ids, or nil when they were not taken or nobody knows.
    private func offer(_ events: [String], turn: Int) async throws -> [String]? {
        let ports = ports()
        guard !ports.isEmpty else { return nil }
        let http = HTTPTestClient(port: ports[turn % ports.count])
        let client = RESTClient(http: http, key: producer.key)
        let posting = Task.detached { () -> Result<[String], any Error> in
            do {
                let ids =
                    events.count == 1 ? [try await client.post(event: events[0])] : try await client.post(batch: events)
                return .success(ids)
            } catch {
                return .failure(error)
            }
        }
        let cutting = Task.detached {
            // A node that is stopped answers nothing: the producer gives up and asks another.
            try await Task.sleep(for: .seconds(4))
            await http.close()
        }
        let result = await posting.value
        cutting.cancel()
        await http.close()
        switch result {
        case .success(let ids): return ids
        case .failure(let refused as RESTClient.Refused):
            state.withLock { $0.refused[refused.status, default: 0] += 1 }
            guard [429, 500, 502, 503].contains(refused.status) else { throw refused }
            return nil
        case .failure:
            state.withLock { $0.brokenRequests += 1 }
            return nil
        }
    }
}
