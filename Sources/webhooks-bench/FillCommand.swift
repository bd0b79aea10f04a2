import ArgumentParser
import RedisClient
import WebhookModel
import WebhookStore

/// Registers webhooks and stores events that each match exactly one of them.
struct FillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill", abstract: "Registers webhooks and stores events, each for one webhook.")

    @Option(help: "Where the webhooks point.")
    var target: String
    @Option(help: "How many events wait.")
    var events = 50_000
    @Option(help: "How many webhooks they are for.")
    var webhooks = 50
    @Option(help: "Bytes of a record.")
    var size = 1024

    /// One workspace has at most this many webhooks, each for one of the twelve operations.
    private static let perWorkspace = 10

    func run() async throws {
        let connection = try await connect()
        var limits = StoreLimits()
        limits.maximumBacklog = max(limits.maximumBacklog, events * 4)
        limits.maximumWorkspaceBacklog = limits.maximumBacklog
        limits.maximumWorkspaceBytes = 1 << 40
        let shard = Shard(connection, limits: limits)
        let operations = try await register(WebhookStore(shard))
        let intake = EventIntake(shard)
        let filler = String(repeating: "x", count: max(0, size - 80))
        var stored = 0
        while stored < events {
            // Batches of one workspace, in turn, so that all of them wait side by side.
            let group = (stored / 100) % operations.count
            let (workspace, names) = operations[group]
            let count = min(100, events - stored)
            let batch = (0..<count).map { n in
                let id = EventID.new(milliseconds: 1_790_000_000_000 + Int64(stored + n))
                let name = names[(stored / 100 / operations.count + n) % names.count]
                let record = #"{"id":"record-\#(stored + n)","name":"Ada Lovelace","text":"\#(filler)"}"#
                let body =
                    #"{"event":"\#(name)","eventId":"\#(id)","workspaceId":"\#(workspace)","#
                    + #""recordId":"record-\#(stored + n)","record":\#(record),"#
                    + #""timestamp":"2026-04-29T10:30:00.123Z"}"#
                return PreparedEvent(id: id, body: Array(body.utf8))
            }
            guard case .accepted = try await intake.ingest(batch, workspace: workspace) else {
                throw ValidationError("the events were not accepted")
            }
            stored += count
        }
        await connection.close()
        print("\(stored) events wait for \(webhooks) webhooks in \(operations.count) workspaces")
    }

    private func register(_ store: WebhookStore) async throws -> [(WorkspaceName, [String])] {
        let names = ["company", "people", "opportunity", "task"].flatMap { entity in
            Action.allCases.map { "\(entity).\($0.rawValue)" }
        }
        var result: [(WorkspaceName, [String])] = []
        var left = webhooks
        while left > 0 {
            guard let workspace = WorkspaceName("bench-\(result.count)") else { break }
            let used = Array(names.prefix(min(left, Self.perWorkspace)))
            for (index, name) in used.enumerated() {
                var change = WebhookChange()
                change.set(targetUrl: target)
                change.set(operations: [name])
                change.set(secret: try Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
                change.set(isEnabled: true)
                try await store.create(workspace, WebhookID.new(milliseconds: 1_790_000_000_000 + Int64(index)), change)
            }
            result.append((workspace, used))
            left -= used.count
        }
        return result
    }
}
