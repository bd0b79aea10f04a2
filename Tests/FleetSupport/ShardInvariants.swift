package import WebhookStore

/// What `webhooks doctor` says of a snapshot that was taken in one step.
package struct ShardInvariants: Sendable {
    package let findings: [ShardFinding]
    /// Deliveries that are not final.
    package let openDeliveries: Int
    /// Events before their fan-out.
    package let waitingEvents: Int
    package let deadLetters: Int
    package let poisonedEvents: Int

    /// What is broken, one line each; empty when all is well.
    package var broken: [String] { findings.map(\.description).sorted() }

    package init(_ snapshot: ShardSnapshot) {
        let check = ShardCheck(Self.reading(snapshot))
        findings = check.findings
        openDeliveries = check.openDeliveries
        waitingEvents = check.waitingEvents
        deadLetters = check.deadLetters
        poisonedEvents = check.poisonedEvents
    }

    private static func reading(_ snapshot: ShardSnapshot) -> ShardReading {
        var reading = ShardReading()
        reading.keyNames = snapshot.keyNames
        reading.lists = snapshot.lists
        reading.sets = snapshot.sets
        reading.hashes = snapshot.hashes
        for (name, text) in snapshot.strings {
            if name.hasPrefix("event:") {
                reading.eventBytes[String(name.dropFirst("event:".count))] = text.utf8.count
            } else {
                reading.strings[name] = text
            }
        }
        for (name, members) in snapshot.sortedSets {
            reading.sortedSets[name] = Dictionary(uniqueKeysWithValues: members.map { ($0.member, $0.score) })
        }
        for (name, letters) in snapshot.hashes where name.hasPrefix("letters:") {
            reading.hashes[name] = letters.mapValues { text in
                let words = text.split(separator: " ", maxSplits: 2)
                return words.count > 1 ? String(words[1]) : ""
            }
        }
        reading.countAtOnce()
        return reading
    }
}
