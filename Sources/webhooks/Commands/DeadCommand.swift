import ArgumentParser
import WebhookModel
import WebhookStore

struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Shows and replays what could not be delivered.",
        subcommands: [List.self, Replay.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists dead letters, the oldest first, with reason and attempts.",
            discussion: Setting.helpText(for: .tools))

        @Option(help: "The id of the webhook.")
        var webhook: String
        @Option(help: "How many, at most 1000.")
        var limit = 60
        @Flag(help: "One JSON object a line, with every attempt.")
        var json = false
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let webhook = try parseWebhook(webhook)
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
            let (total, letters) = try await envFile.configuration().withShard { shard throws(StoreError) in
                let store = DeadLetterStore(shard)
                guard try await store.workspace(of: webhook) != nil else { throw .missing }
                return try await store.list(webhook, limit: limit)
            }
            if json {
                for letter in letters {
                    printOutput(
                        #"{"eventId":"\#(letter.event)","reason":"\#(letter.reason)","attempts":\#(letter.attempts),"#
                            + #""diedAt":"\#(Timestamp.text(letter.diedAt))","attemptLog":\#(letter.attemptLines)}"#
                            + "\n")
                }
                return
            }
            let rows = letters.map {
                [$0.event.description, $0.reason, "\($0.attempts)", Timestamp.text($0.diedAt)]
            }
            printOutput(table(["EVENT", "REASON", "ATTEMPTS", "DIED"], rows))
            printError("\(letters.count) of \(total)")
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead letters back to the head of the queue: same ids, same bytes, attempts from the start.",
            discussion: Setting.helpText(for: .tools))

        @Option(help: "The id of the webhook.")
        var webhook: String
        @Option(help: "An event id; several are allowed. Without, all.")
        var event: [String] = []
        @Flag(help: "Count what would be replayed; move nothing.")
        var dryRun = false
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let webhook = try parseWebhook(webhook)
            let events = try event.map { text in
                guard let id = EventID(text) else { throw ValidationError("--event must be a UUID") }
                return id
            }
            guard events.count <= 100 else { throw ValidationError("at most 100 --event") }
            let dryRun = dryRun
            let (replayed, remaining) = try await envFile.configuration().withShard { shard throws(StoreError) in
                try await Self.replay(DeadLetterStore(shard), webhook, events, dryRun: dryRun)
            }
            printOutput(dryRun ? "\(remaining) to replay\n" : "\(replayed) replayed, \(remaining) remaining\n")
        }

        /// Replays in calls of a hundred. What dies again meanwhile is not replayed twice: the number is fixed first.
        private static func replay(
            _ store: DeadLetterStore, _ webhook: WebhookID, _ events: [EventID], dryRun: Bool
        ) async throws(StoreError) -> (replayed: Int, remaining: Int) {
            guard let workspace = try await store.workspace(of: webhook) else { throw .missing }
            let chosen = events.isEmpty ? nil : events
            let matching = try await store.replay(webhook, workspace: workspace, events: chosen, dryRun: true).remaining
            if dryRun { return (0, matching) }
            if chosen != nil { return try await store.replay(webhook, workspace: workspace, events: chosen) }
            var replayed = 0
            var remaining = matching
            while replayed < matching {
                let step = try await store.replay(
                    webhook, workspace: workspace, limit: min(100, matching - replayed))
                replayed += step.replayed
                remaining = step.remaining
                if step.replayed == 0 { break }
            }
            return (replayed, remaining)
        }
    }
}

private func parseWebhook(_ text: String) throws -> WebhookID {
    guard let id = WebhookID(text) else { throw ValidationError("--webhook must be a UUID") }
    return id
}
