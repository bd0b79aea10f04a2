import ArgumentParser
import WebhookModel
import WebhookStore

struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Shows and replays what could not be delivered.",
        subcommands: [List.self, DeadReplayCommand.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists dead letters, the oldest first, with reason and attempts.",
            discussion: Setting.helpText(for: .tools))

        @Option(help: "The id of the webhook.", transform: ArgumentText.webhook)
        var webhook: WebhookID
        @Option(help: "How many, at most 1000.")
        var limit = 60
        @Flag(help: "One JSON object a line, with every attempt.")
        var json = false
        @OptionGroup var envFile: EnvFileOption

        func validate() throws {
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
        }

        func run() async throws {
            let (total, letters) = try await envFile.configuration().withShard(
                missing: "there is no webhook \(webhook)"
            ) { shard throws(StoreError) in
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
}
