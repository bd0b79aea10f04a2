import NIOCore
import RedisClient
package import WebhookModel

/// Some dead letters of a webhook in the order of their deaths.
package struct DeadLetterPage: Sendable {
    package let letters: [DeadLetterRecord]
    package let hasNextPage: Bool
    package let hasPreviousPage: Bool
    package let totalCount: Int
}

extension DeadLetterStore {
    /// How many letters one call reads at most: each brings up to eight attempts.
    static let chunk = 100

    /// A page of a webhook's dead letters. A cursor holds its place also when its letter was replayed or trimmed.
    package func page(
        _ webhook: WebhookID, _ request: PageRequest<DeadLetterID>
    ) async throws(StoreError) -> DeadLetterPage {
        var position = request.position
        var letters: [DeadLetterRecord] = []
        var hasNext = false
        var hasPrevious = false
        var total = 0
        let isBackward = if case .before = position { true } else { false }
        repeat {
            let part = try await chunk(webhook, position, limit: min(request.limit - letters.count, Self.chunk))
            let isFirst = letters.isEmpty
            total = part.total
            if isBackward {
                if isFirst { hasNext = part.rank + part.letters.count < part.total }
                hasPrevious = part.rank > 0
                letters.insert(contentsOf: part.letters, at: 0)
                guard hasPrevious, let next = part.letters.first else { break }
                position = .before(next.id)
            } else {
                if isFirst { hasPrevious = part.rank > 0 }
                hasNext = part.rank + part.letters.count < part.total
                letters.append(contentsOf: part.letters)
                guard hasNext, let next = part.letters.last else { break }
                position = .after(next.id)
            }
        } while letters.count < request.limit
        return DeadLetterPage(
            letters: letters, hasNextPage: hasNext, hasPreviousPage: hasPrevious, totalCount: total)
    }

    private func chunk(
        _ webhook: WebhookID, _ position: PagePosition<DeadLetterID>, limit: Int
    ) async throws(StoreError) -> (total: Int, rank: Int, letters: [DeadLetterRecord]) {
        var arguments = shard.arguments()
        arguments.append { webhook.append(to: &$0) }
        let cursor: DeadLetterID?
        let direction: StaticString
        switch position {
        case .beginning: (cursor, direction) = (nil, "after")
        case .after(let id): (cursor, direction) = (id, "after")
        case .before(let id): (cursor, direction) = (id, "before")
        }
        arguments.append(direction)
        arguments.append(cursor.map { "\($0.diedAt)" } ?? "")
        arguments.append(cursor.map { "\($0.event)" } ?? "")
        arguments.append(limit)
        let reply = try await shard.run(StoreScripts.deadLetters, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 2)
            var letters: [DeadLetterRecord] = []
            letters.reserveCapacity(values.count - 2)
            for value in values.dropFirst(2) { letters.append(try Self.record(value)) }
            return (Int(try values[0].integer()), Int(try values[1].integer()), letters)
        }
    }

    private static func record(_ value: RedisValue) throws(RedisError) -> DeadLetterRecord {
        let fields = try value.array(atLeast: 4)
        let event = try fields[0].eventID()
        let letter = letter(event, diedAt: milliseconds(try fields[1].text()), text: try fields[2].text())
        return DeadLetterRecord(
            id: DeadLetterID(diedAt: letter.diedAt, event: event), reason: letter.reason, attempts: letter.attempts,
            attemptLines: Array(letter.attemptLines.utf8), bodyHead: Array(try fields[3].bytes().readableBytesView))
    }
}
