import NIOCore
import RedisClient
package import WebhookModel

/// What Redis still knows of one event.
package struct EventTrace: Sendable {
    /// Where the event itself is.
    package enum Stage: Sendable, Hashable {
        /// It waits for its fan-out, so many events before it; nil for more than are looked at.
        case waiting(Int?)
        /// A node matches it against the webhooks.
        case claimed(lane: String)
        /// It met two dead nodes and is tried alone.
        case suspect
        /// It was given up before its fan-out.
        case poisoned
        /// Its deliveries were made; some are not final.
        case fannedOut
        /// It is not stored: never accepted, or every delivery of it is final and it is gone.
        case gone
    }

    /// What is left of the delivery to one webhook.
    package struct Delivery: Sendable, Hashable {
        package enum Place: Sendable, Hashable {
            case claimed(lane: String)
            /// From 1, the next to be tried.
            case queue(place: Int)
            /// Not found near the ends of a queue of this length.
            case perhapsInQueue(length: Int)
            case retry(at: Int64)
            case suspect
            case dead(at: Int64)
            /// Nowhere: delivered or dropped, as the attempts say.
            case none
        }

        package let webhook: WebhookID
        package let place: Place
        /// The attempts that the lists still hold, as JSON, the oldest first.
        package let attempts: [String]
    }

    package let event: EventID
    package let workspace: WorkspaceName?
    package let stage: Stage
    package let references: Int64?
    package let deliveries: [Delivery]
}

/// Finds an event and its deliveries, in steps that hold Redis up for a moment only.
package struct EventTracer: Sendable {
    /// How far into a list is looked from each end.
    private static let reach = 1000
    private let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// - Parameter workspace: Needed when the event is not stored any more; nil then finds nothing.
    package func trace(_ event: EventID, workspace given: WorkspaceName?) async throws(StoreError) -> EventTrace {
        let body = try await shard.execute(RedisCommand("GETRANGE", shard.keys.event(event), "0", "511"))
        let stored = try decoding { () throws(RedisError) in Array(try body.bytes().readableBytesView) }
        let workspace = given ?? Self.workspace(of: stored)
        let references = try await shard.execute(RedisCommand("GET", shard.keys.references(event)))
        let count: Int64? = try decoding { () throws(RedisError) in
            stored.isEmpty ? nil : references.isNull ? 1 : try references.integer()
        }
        guard let workspace else {
            return EventTrace(event: event, workspace: nil, stage: .gone, references: count, deliveries: [])
        }
        return EventTrace(
            event: event, workspace: workspace,
            stage: stored.isEmpty ? .gone : try await stage(of: event, workspace), references: count,
            deliveries: try await deliveries(of: event, workspace))
    }

    /// The workspace that a stored body names behind its event id.
    private static func workspace(of stored: [UInt8]) -> WorkspaceName? {
        guard let offset = DeliveredBody.spliceOffset(in: stored) else { return nil }
        let rest = String(decoding: stored[offset...], as: UTF8.self)
        let opening = "\"workspaceId\":\""
        guard rest.hasPrefix(opening) else { return nil }
        return WorkspaceName(String(rest.dropFirst(opening.count).prefix { $0 != "\"" }))
    }

    private func stage(of event: EventID, _ workspace: WorkspaceName) async throws(StoreError) -> EventTrace.Stage {
        let token = "\(workspace.text)/\(event)"
        for node in try await shard.nodes() {
            let held = try await shard.execute(
                RedisCommand(
                    "SMISMEMBER", shard.keys.claimed(node.lane), token, token + ".1", token + ".2", token + ".3",
                    token + ".4"))
            let isHeld = try decoding { () throws(RedisError) in
                for value in try held.array() where try value.integer() == 1 { return true }
                return false
            }
            if isHeld { return .claimed(lane: node.lane) }
        }
        if try await list(shard.keys.suspects, holds: { $0.hasPrefix(token) }) { return .suspect }
        if try await list(shard.keys.poison, holds: { $0.hasSuffix(token) }) { return .poisoned }
        let key = shard.keys.events(workspace)
        let place = try await shard.execute(RedisCommand("LPOS", key, "\(event)", "MAXLEN", "\(Self.reach)"))
        if !place.isNull { return .waiting(try decoding { () throws(RedisError) in Int(try place.integer()) }) }
        let late = try await shard.execute(
            RedisCommand("LPOS", key, "\(event)", "RANK", "-1", "MAXLEN", "\(Self.reach)"))
        return late.isNull ? .fannedOut : .waiting(nil)
    }

    private func list(_ key: String, holds: (String) -> Bool) async throws(StoreError) -> Bool {
        let reply = try await shard.execute(RedisCommand("LRANGE", key, "0", "\(Self.reach - 1)"))
        return try decoding { () throws(RedisError) in
            for value in try reply.array() where holds(try value.text()) { return true }
            return false
        }
    }

    private func deliveries(
        of event: EventID, _ workspace: WorkspaceName
    ) async throws(StoreError) -> [EventTrace.Delivery] {
        let lanes = try await shard.execute(RedisCommand("ZCARD", shard.keys.lanes))
        // Each lane is asked for each webhook: the more there are, the fewer webhooks a call, so that none takes long.
        let count = try decoding { () throws(RedisError) in
            Int(max(1, min(20, 40 / max(1, try lanes.integer()))))
        }
        var found: [EventTrace.Delivery] = []
        var offset = 0
        while true {
            let ids = try await shard.execute(
                RedisCommand("ZRANGE", shard.keys.webhooks(workspace), "\(offset)", "\(offset + count - 1)"))
            let webhooks = try decoding { () throws(RedisError) in try ids.array() }
            guard !webhooks.isEmpty else { return found }
            var arguments = RedisArguments()
            arguments.append(shard.keys.prefix)
            arguments.append { event.append(to: &$0) }
            arguments.append(Self.reach)
            for webhook in webhooks {
                arguments.append(try decoding { () throws(RedisError) in try webhook.bytes() })
            }
            let reply = try await shard.run(StoreScripts.trace, arguments)
            found += try decoding { () throws(RedisError) in
                var deliveries: [EventTrace.Delivery] = []
                for value in try reply.array() { deliveries.append(try Self.delivery(try value.array(atLeast: 3))) }
                return deliveries
            }
            offset += count
        }
    }

    private static func delivery(_ values: [RedisValue]) throws(RedisError) -> EventTrace.Delivery {
        let detail = try values[2].text()
        let place: EventTrace.Delivery.Place =
            switch try values[1].text() {
            case "claimed": .claimed(lane: detail)
            case "queue": .queue(place: Int(detail) ?? 0)
            case "deep": .perhapsInQueue(length: Int(detail) ?? 0)
            case "retry": .retry(at: milliseconds(detail))
            case "suspect": .suspect
            case "dead": .dead(at: milliseconds(detail))
            default: .none
            }
        var attempts: Set<String> = []
        for value in values.dropFirst(3) { attempts.insert(try value.text()) }
        // Lines begin with their time, a number of thirteen digits: their order is that of time.
        return EventTrace.Delivery(webhook: try values[0].webhookID(), place: place, attempts: attempts.sorted())
    }
}
