package import FleetSupport
import TestSupport
import WebhookModel
import WebhookStore

/// What was promised set against what arrived.
package struct Balance: Sendable {
    package private(set) var accepted = 0
    /// Deliveries that had to be made.
    package private(set) var expected = 0
    package private(set) var delivered = 0
    /// Deliveries that ended as dead letters, by reason.
    package private(set) var dead: [String: Int] = [:]
    /// Deliveries that arrived nowhere.
    package private(set) var lost: [DeliveryOracle.Delivery] = []
    /// Further 2xx of deliveries that had one, less those whose attempt was too late for its node and so was rightly
    /// repeated.
    package private(set) var duplicates = 0
    /// Attempts that a node recorded as failed though the receiver meant to answer 2xx: over their deadline.
    package private(set) var late = 0
    /// When some of them arrived.
    private var samples: [String] = []
    /// What must not be: foreign bytes, unasked deliveries, broken invariants, wrong totals.
    package internal(set) var problems: [String] = []

    package init(
        accepted: [Accepted], oracle: DeliveryOracle, letters: [DeliveryOracle.Delivery: String],
        events: [String: String], failedAttempts: Int
    ) {
        self.accepted = accepted.count
        let arrivals = oracle.arrivals
        let subscribers = Dictionary(grouping: oracle.subscribers, by: \.workspace)
        var wanted: Set<DeliveryOracle.Delivery> = []
        for event in accepted {
            guard let operation = Operation(Producer.names[event.number % Producer.names.count], in: .standard) else {
                continue
            }
            for subscriber in subscribers[event.workspace] ?? []
            where subscriber.patterns.contains(where: { $0.matches(operation) }) {
                wanted.insert(DeliveryOracle.Delivery(path: subscriber.path, event: event.event))
            }
        }
        expected = wanted.count
        for delivery in wanted {
            let copies = arrivals[delivery]?.count { $0.isDelivered } ?? 0
            if copies > 0 {
                delivered += 1
                duplicates += copies - 1
                if copies > 1, samples.count < 3 {
                    let first = arrivals[delivery]?.first?.at ?? 0
                    let after =
                        arrivals[delivery]?.map { "\($0.at - first) ms\($0.isDelivered ? "" : " failed")" } ?? []
                    samples.append("\(delivery.path) \(delivery.event) at \(first): \(after.joined(separator: ", "))")
                }
            } else if let reason = letters[delivery] {
                dead[reason, default: 0] += 1
            } else if let reason = events[delivery.event] {
                dead[reason, default: 0] += 1
            } else {
                lost.append(delivery)
            }
        }
        let failedByAnswer = arrivals.values.reduce(0) { $0 + $1.count { !$0.isDelivered } }
        late = max(0, failedAttempts - failedByAnswer)
        duplicates = max(0, duplicates - late)
        problems = Array(oracle.problems.prefix(5))
        if Set(accepted.map(\.event)).count != accepted.count {
            problems.append("two events of a producer were answered with one id")
        }
        let known = Set(accepted.map(\.event))
        let unasked = arrivals.keys.filter { !wanted.contains($0) }
        let foreign = unasked.filter { known.contains($0.event) }
        if !foreign.isEmpty {
            problems.append("\(foreign.count) deliveries that nobody asked for, such as \(foreign[0])")
        }
    }

    package var summary: String {
        "accepted \(accepted), deliveries \(expected), delivered \(delivered), dead \(dead), lost \(lost.count), "
            + "duplicates \(duplicates), late \(late) \(samples.joined(separator: "; "))"
    }
}

extension FaultStage {
    /// Ends the load, waits until everything is final and draws the balance.
    package func settle(
        within limit: Duration = .seconds(60), in other: RedisView? = nil
    ) async throws -> Balance {
        let view = other ?? self.view
        try await stopLoad()
        try await eventually(within: limit, "an empty queue; \(evidence())") { try await view.backlog() == 0 }
        return try await balance(in: view)
    }

    /// - Parameter other: Another Redis than the one that was started first.
    package func balance(in other: RedisView? = nil) async throws -> Balance {
        let snapshot = try await (other ?? view).snapshot()
        var paths: [String: String] = [:]
        for subscriber in oracle.subscribers { paths[subscriber.id] = subscriber.path }
        var letters: [DeliveryOracle.Delivery: String] = [:]
        for (name, texts) in snapshot.hashes where name.hasPrefix("letters:") {
            guard let path = paths[String(name.dropFirst("letters:".count))] else { continue }
            for (event, text) in texts {
                letters[DeliveryOracle.Delivery(path: path, event: event)] =
                    text.split(separator: " ").dropFirst().first.map { String($0) } ?? ""
            }
        }
        var poisoned: [String: String] = [:]
        for entry in snapshot.lists["poison"] ?? [] {
            if let event = entry.split(separator: "/").last { poisoned[String(event)] = "poison" }
        }
        let accepted = producers.flatMap(\.accepted)
        var balance = Balance(
            accepted: accepted, oracle: oracle, letters: letters, events: poisoned,
            failedAttempts: snapshot.hashes["totals"]?["failed"].flatMap { Int($0) } ?? 0)
        balance.problems += ShardInvariants(snapshot).broken.prefix(5)
        let total = snapshot.hashes["totals"]?["accepted"].flatMap { Int($0) } ?? 0
        if total != accepted.count {
            balance.problems.append("\(total) events accepted by the totals, \(accepted.count) answered with 202")
        }
        return balance
    }
}
