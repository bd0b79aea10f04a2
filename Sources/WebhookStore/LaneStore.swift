import NIOCore
import RedisClient
package import WebhookModel

/// The queue as one delivery node works with it: the scripts of a lane over the lane's own connection.
package struct LaneStore: Sendable {
    package let shard: Shard
    /// The name of the lane: never reused.
    package let lane: String

    package init(_ shard: Shard, lane: String) {
        self.shard = shard
        self.lane = lane
    }

    /// Registers the lane.
    ///
    /// - Parameter facts: What `lane:<lane>` shows about the node: host, pid, version.
    package func open(
        lease: Duration, facts: [(String, String)]
    ) async throws(StoreError) -> (now: Int64, version: Int64) {
        var arguments = self.arguments()
        arguments.append(lease.milliseconds)
        for (name, value) in facts {
            arguments.append(name)
            arguments.append(value)
        }
        let reply = try await shard.run(StoreScripts.openLane, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            return (try values[0].integer(), try values[1].integer())
        }
    }

    /// Marks a lane that this node gave up; false when it is not registered any more.
    package func abandon(_ other: String) async throws(StoreError) -> Bool {
        try await mark(StoreScripts.abandonLane, other)
    }

    /// Removes the lane; false when something is still on it.
    package func close() async throws(StoreError) -> Bool {
        try await mark(StoreScripts.closeLane, lane)
    }

    private func mark(_ script: RedisScript, _ lane: String) async throws(StoreError) -> Bool {
        var arguments = shard.arguments()
        arguments.append(lane)
        let reply = try await shard.run(script, arguments)
        return try decoding { () throws(RedisError) in try reply.integer() == 1 }
    }

    // MARK: Claims

    /// Claims up to `count` events with at most `bytes` of bodies (one is always taken).
    package func claimEvents(
        count: Int, bytes: Int
    ) async throws(StoreError) -> (version: Int64, events: [ClaimedEvent]) {
        var arguments = self.arguments()
        arguments.append(count)
        arguments.append(bytes)
        let reply = try await shard.run(StoreScripts.claimEvents, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 1)
            var events: [ClaimedEvent] = []
            events.reserveCapacity(values.count / 3)
            for index in stride(from: 1, to: values.count - 2, by: 3) {
                events.append(
                    ClaimedEvent(
                        token: try values[index].eventToken(), cursor: try values[index + 1].optionalWebhookID(),
                        body: try values[index + 2].bytes()))
            }
            return (try values[0].integer(), events)
        }
    }

    /// Claims up to `count` deliveries.
    ///
    /// - Parameters:
    ///   - slow: How many of them may be of slow endpoints.
    ///   - quantum: How many of one workspace at a visit.
    ///   - bytes: How many bytes of bodies (one is always taken).
    ///   - full: Workspaces that hold their share of this node already.
    package func claimDeliveries(
        count: Int, slow: Int, quantum: Int, bytes: Int, full: [WorkspaceName]
    ) async throws(StoreError) -> (version: Int64, deliveries: [ClaimedDelivery]) {
        var arguments = self.arguments()
        arguments.append(count)
        arguments.append(slow)
        arguments.append(quantum)
        arguments.append(bytes)
        for workspace in full { arguments.append(workspace.text) }
        let reply = try await shard.run(StoreScripts.claimDeliveries, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 3)
            return (try values[0].integer(), try Self.deliveries(values[2].array(), bodies: values[1].array()))
        }
    }

    private static func deliveries(
        _ values: [RedisValue], bodies list: [RedisValue]
    ) throws(RedisError) -> [ClaimedDelivery] {
        var bodies: [EventID: ByteBuffer] = [:]
        bodies.reserveCapacity(list.count / 2)
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            bodies[try list[index].eventID()] = try list[index + 1].bytes()
        }
        var deliveries: [ClaimedDelivery] = []
        deliveries.reserveCapacity(values.count / 3)
        var last: (bytes: ByteBuffer, name: WorkspaceName)?
        for index in stride(from: 0, to: values.count - 2, by: 3) {
            let token = try values[index].deliveryToken()
            let bytes = try values[index + 2].bytes()
            // Deliveries of a workspace stand together: its name is made once.
            let workspace: WorkspaceName
            if let last, last.bytes == bytes {
                workspace = last.name
            } else {
                workspace = try values[index + 2].workspaceName()
                last = (bytes, workspace)
            }
            guard let body = bodies[token.event] else {
                throw .unexpectedReply("a delivery without its event")
            }
            deliveries.append(
                ClaimedDelivery(
                    token: token, endpointClass: try values[index + 1].endpointClass(), workspace: workspace, body: body
                ))
        }
        return deliveries
    }

    /// Claims one token that met two dead nodes.
    package func claimSuspect() async throws(StoreError) -> (version: Int64, suspect: ClaimedSuspect?) {
        let reply = try await shard.run(StoreScripts.claimSuspect, arguments())
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 1)
            let version = try values[0].integer()
            switch values.count {
            case 5:
                return (
                    version,
                    .delivery(
                        ClaimedDelivery(
                            token: try values[1].deliveryToken(), endpointClass: try values[3].endpointClass(),
                            workspace: try values[4].workspaceName(), body: try values[2].bytes()))
                )
            case 4:
                return (
                    version,
                    .event(
                        ClaimedEvent(
                            token: try values[1].eventToken(), cursor: try values[3].optionalWebhookID(),
                            body: try values[2].bytes()))
                )
            default: return (version, nil)
            }
        }
    }

    // MARK: Fan-out

    /// Writes deliveries: at most 64 events and 100 webhooks in all.
    ///
    /// - Parameter room: How many may come straight to this lane.
    package func fanOut(_ chunks: [FanOutChunk], room: Int) async throws(StoreError) -> FanOutReply {
        var arguments = self.arguments(capacity: chunks.reduce(64) { $0 + 160 + $1.webhooks.count * 36 })
        arguments.append(room)
        arguments.append(shard.limits.maximumEndpointBacklog)
        arguments.append(shard.limits.maximumWorkspaceBacklog)
        for chunk in chunks {
            arguments.append { chunk.token.append(to: &$0) }
            arguments.append { bytes in chunk.expectedCursor?.append(to: &bytes) }
            arguments.append { bytes in chunk.newCursor?.append(to: &bytes) }
            arguments.append(chunk.isLast ? "1" : "0" as StaticString)
            arguments.append(chunk.webhooks.count)
            for webhook in chunk.webhooks { arguments.append { webhook.append(to: &$0) } }
        }
        let reply = try await shard.run(StoreScripts.fanOut, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 3)
            var statuses: [FanOutReply.Status] = []
            for value in try values[1].array() {
                switch try value.text() {
                case "OK": statuses.append(.written)
                case "STALE": statuses.append(.stale)
                default: statuses.append(.lost)
                }
            }
            var started: [DeliveryToken] = []
            for value in try values[2].array() { started.append(try value.deliveryToken()) }
            return FanOutReply(version: try values[0].integer(), statuses: statuses, started: started)
        }
    }

    // MARK: Time

    /// Renews the lane and moves what time moves.
    package func tick(lease: Duration) async throws(StoreError) -> TickReply {
        var arguments = self.arguments()
        arguments.append(lease.milliseconds)
        arguments.append(shard.limits.deadRetention.milliseconds)
        arguments.append(shard.limits.maximumDeadLetters)
        arguments.append(shard.limits.maximumWorkspaceBytes)
        let reply = try await shard.run(StoreScripts.tick, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 7)
            let due = try values[2].bytes().readableBytes == 0 ? nil : Int64(milliseconds(try values[2].text()))
            return TickReply(
                now: try values[0].integer(), version: try values[1].integer(), nextDue: due,
                workWaits: try values[3].integer() == 1, isAlive: try values[4].integer() == 1,
                callAgain: try values[5].integer() == 1, turns: try EndpointTurn.list(values[6]))
        }
    }

    func arguments(capacity: Int = 256) -> RedisArguments {
        var arguments = shard.arguments(capacity: capacity)
        arguments.append(lane)
        return arguments
    }
}

/// A score of a sorted set as whole milliseconds; a fraction is dropped.
func milliseconds(_ score: String) -> Int64 {
    Int64(score) ?? Double(score).flatMap { Int64(exactly: $0.rounded(.down)) } ?? 0
}
