import RedisClient
import WebhookModel
import WebhookStore

/// Webhooks, and events that wait for them.
struct Backlog: Sendable {
    var workspaces = 1
    /// Operations of a workspace that have webhooks; at most twelve.
    var operations = 1
    /// Webhooks of each operation: how many deliveries an event becomes.
    var fanOut = 1
    var events = 50_000
    /// Bytes of a stored body, about.
    var size = 1024
    var isSigned = true
    /// Whether each event has a producer's own id.
    var hasOwnIDs = false
    /// All events are of this operation; nil for those that have webhooks, in turn.
    var operation: String?

    var webhooks: Int { workspaces * operations * fanOut }
    var deliveries: Int { events * fanOut }

    /// The twelve operations of the standard entities.
    static let names = ["company", "people", "opportunity", "task"].flatMap { entity in
        Action.allCases.map { "\(entity).\($0.rawValue)" }
    }

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private static let epoch: Int64 = 1_790_000_000_000

    func workspace(_ number: Int) throws -> WorkspaceName {
        guard let name = WorkspaceName("bench-\(number)") else { throw BenchFailure("bench-\(number)") }
        return name
    }

    /// Registers the webhooks.
    func register(_ connection: RedisConnection, target: String) async throws {
        let store = WebhookStore(Shard(connection))
        for number in 0..<workspaces {
            for name in Self.names.prefix(operations) {
                for _ in 0..<fanOut {
                    var change = WebhookChange()
                    change.set(targetUrl: target)
                    change.set(operations: [name])
                    if isSigned { change.set(secret: try Secret(Self.secret)) }
                    change.set(isEnabled: true)
                    try await store.create(try workspace(number), WebhookID.new(milliseconds: Self.epoch), change)
                }
            }
        }
    }

    /// Registers one webhook for everything in the first workspace.
    func registerForAll(_ connection: RedisConnection, target: String) async throws {
        var change = WebhookChange()
        change.set(targetUrl: target)
        change.set(operations: ["*"])
        change.set(secret: try Secret(Self.secret))
        change.set(isEnabled: true)
        try await WebhookStore(Shard(connection)).create(
            try workspace(0), WebhookID.new(milliseconds: Self.epoch), change)
    }

    /// Stores the events, batches of one workspace in turn, so that all of them wait side by side.
    func store(_ connection: RedisConnection) async throws {
        var limits = StoreLimits()
        limits.maximumBacklog = 1 << 40
        limits.maximumWorkspaceBacklog = 1 << 40
        limits.maximumWorkspaceBytes = 1 << 50
        let intake = EventIntake(Shard(connection, limits: limits))
        let batch = min(100, max(1, events / workspaces))
        var stored = 0
        while stored < events {
            let turn = stored / batch
            let workspace = try workspace(turn % workspaces)
            let count = min(batch, events - stored)
            let prepared = (0..<count).map { event(stored + $0, of: workspace) }
            guard case .accepted = try await intake.ingest(prepared, workspace: workspace) else {
                throw BenchFailure("the events were not accepted")
            }
            stored += count
        }
    }

    private func event(_ number: Int, of workspace: WorkspaceName) -> PreparedEvent {
        let id = EventID.new(milliseconds: Self.epoch + Int64(number))
        let name = operation ?? Self.names[number % operations]
        return PreparedEvent(
            id: id, body: Self.body(id: id, name: name, workspace: workspace, number: number, size: size),
            producerID: hasOwnIDs ? "import-\(number)" : nil)
    }

    private static func body(
        id: EventID, name: String, workspace: WorkspaceName, number: Int, size: Int
    ) -> [UInt8] {
        let head =
            #"{"event":"\#(name)","eventId":"\#(id)","workspaceId":"\#(workspace)","recordId":"record-\#(number)","#
            + #""record":{"id":"record-\#(number)","name":"Ada Lovelace","text":""#
        let tail = #""},"timestamp":"2026-04-29T10:30:00.123Z"}"#
        let filler = max(0, size - head.utf8.count - tail.utf8.count)
        return Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: filler) + Array(tail.utf8)
    }
}
