import ArgumentParser
import Glibc
import WebhookModel
import WebhookStore

struct DeadReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Puts dead letters back to the head of the queue: same ids, same bytes, attempts from the start.",
        discussion: """
            Says how many before it moves all of a webhook, and asks on a terminal.
            It moves a hundred at a time and can be stopped at any moment: what is
            left stays a dead letter.

            \(Setting.helpText(for: .tools))
            """)

    @Option(help: "The id of the webhook.", transform: ArgumentText.webhook)
    var webhook: WebhookID
    @Option(help: "An event id; several are allowed, at most 100. Without, all.", transform: ArgumentText.event)
    var event: [EventID] = []
    @Flag(help: "Count what would be replayed; move nothing.")
    var dryRun = false
    @Flag(help: "Do not ask.")
    var yes = false
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var envFile: EnvFileOption

    func validate() throws {
        guard event.count <= 100 else { throw ValidationError("at most 100 --event") }
    }

    func run() async throws {
        let configuration = try envFile.configuration()
        let matching = try await configuration.withShard(missing: "there is no webhook \(webhook)") {
            shard throws(StoreError) in
            let store = DeadLetterStore(shard)
            return try await store.replay(
                webhook, workspace: try await workspace(store), events: event.isEmpty ? nil : event, dryRun: true
            ).remaining
        }
        if dryRun { return report(replayed: 0, remaining: matching) }
        if event.isEmpty && matching > 0 {
            printError("\(matching) dead letters of webhook \(webhook) are replayed")
            guard yes || isConfirmed() else { throw ExitCode.failure }
        }
        let (replayed, remaining) = try await configuration.withShard(missing: "there is no webhook \(webhook)") {
            shard throws(StoreError) in
            let store = DeadLetterStore(shard)
            let workspace = try await workspace(store)
            guard event.isEmpty else { return try await store.replay(webhook, workspace: workspace, events: event) }
            return try await replayAll(store, workspace, matching)
        }
        report(replayed: replayed, remaining: remaining)
    }

    private func workspace(_ store: DeadLetterStore) async throws(StoreError) -> WorkspaceName {
        guard let workspace = try await store.workspace(of: webhook) else { throw .missing }
        return workspace
    }

    /// Replays in calls of a hundred, as many as were counted: what dies again meanwhile is not replayed twice.
    private func replayAll(
        _ store: DeadLetterStore, _ workspace: WorkspaceName, _ matching: Int
    ) async throws(StoreError) -> (replayed: Int, remaining: Int) {
        let showsProgress = isatty(STDERR_FILENO) == 1
        var replayed = 0
        var remaining = matching
        while replayed < matching {
            let step = try await store.replay(webhook, workspace: workspace, limit: min(100, matching - replayed))
            replayed += step.replayed
            remaining = step.remaining
            if step.replayed == 0 { break }
            if showsProgress { printError("\(replayed) of \(matching)") }
        }
        return (replayed, remaining)
    }

    /// Asks when standard input is a terminal.
    private func isConfirmed() -> Bool {
        guard isatty(STDIN_FILENO) == 1 else { return true }
        printError("Go on? [y/N]")
        return readLine().map { ["y", "yes"].contains($0.lowercased()) } ?? false
    }

    private func report(replayed: Int, remaining: Int) {
        if json {
            printOutput(#"{"dryRun":\#(dryRun),"replayed":\#(replayed),"remaining":\#(remaining)}"# + "\n")
        } else {
            printOutput(dryRun ? "\(remaining) to replay\n" : "\(replayed) replayed, \(remaining) remaining\n")
        }
    }
}
