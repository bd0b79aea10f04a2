import Crypto
import RedisClient
package import WebhookModel

/// An event ready to be stored.
package struct PreparedEvent: Sendable {
    /// The id it gets when it is new.
    package let id: EventID
    /// The delivered body less its `webhookId`.
    package let body: [UInt8]
    /// The producer's own id.
    package let producerID: String?

    package init(id: EventID, body: [UInt8], producerID: String? = nil) {
        self.id = id
        self.body = body
        self.producerID = producerID
    }
}

/// What the queue says of an event that was offered.
package struct EventReceipt: Sendable, Hashable {
    package let id: EventID
    /// The same id of the producer was accepted before.
    package let isDuplicate: Bool

    package init(id: EventID, isDuplicate: Bool) {
        self.id = id
        self.isDuplicate = isDuplicate
    }
}

/// The key of a whole request and the hash of its body.
package struct RequestKey: Sendable, Hashable {
    package let key: String
    package let bodyHash: String

    package init(key: String, body: some Sequence<UInt8>) {
        self.key = key
        bodyHash = Hexadecimal.text(SHA256.hash(data: Array(body)))
    }
}

/// What became of events that were offered.
package enum IntakeResult: Sendable {
    /// Redis holds them, in the order they were offered.
    case accepted([EventReceipt])
    /// The same request was accepted before: its answer then.
    case replayed([EventReceipt])
    /// The request key was used with another body.
    case conflict
    /// The workspace has as many open items or bytes as it may have; nothing was stored.
    case workspaceFull
    /// All workspaces together have; nothing was stored.
    case full
}

/// The way into the queue.
package struct EventIntake: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// Stores 1 to 100 events of one workspace in one step: all or none.
    ///
    /// - Throws: ``StoreError/redis(_:)``. When its outcome is unknown the events may have been stored: never sent again
    ///   from here.
    package func ingest(
        _ events: [PreparedEvent], workspace: WorkspaceName, request: RequestKey? = nil
    ) async throws(StoreError) -> IntakeResult {
        let size = events.reduce(512) { $0 + $1.body.count + 110 }
        var arguments = RedisArguments(capacity: size, count: events.count * 3 + 8)
        arguments.append(shard.keys.prefix)
        arguments.append(workspace.text)
        arguments.append(shard.limits.maximumWorkspaceBacklog)
        arguments.append(shard.limits.maximumBacklog)
        arguments.append(shard.limits.maximumWorkspaceBytes)
        arguments.append(request.map { Self.hash(workspace, $0.key) } ?? "")
        arguments.append(request?.bodyHash ?? "")
        for event in events {
            arguments.append { event.id.append(to: &$0) }
            arguments.append(event.body)
            arguments.append(event.producerID.map { Self.hash(workspace, $0) } ?? "")
        }
        let reply = try await shard.run(StoreScripts.ingest, arguments)
        return try decoding { () throws(RedisError) in try Self.result(reply, count: events.count) }
    }

    private static func result(_ reply: RedisValue, count: Int) throws(RedisError) -> IntakeResult {
        let values = try reply.array(atLeast: 1)
        switch try values[0].text() {
        case "OK":
            var words: [String] = []
            for value in values.dropFirst() { words.append(try value.text()) }
            return .accepted(try accepted(words, count: count))
        case "REPLAY":
            guard values.count == 2 else { throw .unexpectedReply("a replay without its answer") }
            return .replayed(try accepted(values[1].text().split(separator: " ").map(String.init), count: nil))
        case "CONFLICT": return .conflict
        case "WORKSPACE": return .workspaceFull
        case "TOTAL": return .full
        case let word: throw .unexpectedReply("\(word) of ingest")
        }
    }

    private static func accepted(_ words: [String], count: Int?) throws(RedisError) -> [EventReceipt] {
        guard words.count == (count ?? words.count / 2) * 2 else {
            throw .unexpectedReply("\(words.count) words of ingest")
        }
        var events: [EventReceipt] = []
        for index in stride(from: 0, to: words.count, by: 2) {
            guard let id = EventID(words[index]) else { throw .unexpectedReply("an event id of ingest") }
            events.append(EventReceipt(id: id, isDuplicate: words[index + 1] == "1"))
        }
        return events
    }

    /// Arbitrary text enters a key only as a hash: SHA-256 of the workspace, NUL and the text.
    package static func hash(_ workspace: WorkspaceName, _ text: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(workspace.text.utf8))
        hash.update(data: [0])
        hash.update(data: Array(text.utf8))
        return Hexadecimal.text(hash.finalize())
    }
}
