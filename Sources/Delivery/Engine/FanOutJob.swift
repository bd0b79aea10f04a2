import WebhookModel
import WebhookStore

/// An event on this node's lane that is matched and fanned out, in one chunk or several. Belongs to the engine's event
/// loop.
final class FanOutJob {
    let token: EventToken
    let lane: Lane
    let event: HeldEvent
    let workspace: WorkspaceSubscriptions
    let operation: Operation
    /// The last webhook that Redis has confirmed; nil before the first chunk.
    var cursor: WebhookID?
    let isSuspect: Bool

    init(
        token: EventToken, lane: Lane, event: HeldEvent, workspace: WorkspaceSubscriptions, operation: Operation,
        cursor: WebhookID?, isSuspect: Bool
    ) {
        self.token = token
        self.lane = lane
        self.event = event
        self.workspace = workspace
        self.operation = operation
        self.cursor = cursor
        self.isSuspect = isSuspect
    }
}

/// One event's part of a `fan_out` call.
struct PlannedChunk {
    let job: FanOutJob
    let webhooks: [WebhookID]
    let isLast: Bool

    /// Where the fan-out stands when Redis has taken this chunk.
    var nextCursor: WebhookID? { webhooks.last ?? job.cursor }

    var call: FanOutChunk {
        FanOutChunk(
            token: job.token, expectedCursor: job.cursor, newCursor: nextCursor, isLast: isLast, webhooks: webhooks)
    }
}

/// What one `fan_out` call takes along: at most 64 events and 100 webhooks, and no more room for tokens straight to the
/// lane than there are slots, in all and for each workspace.
struct FanOutPlan {
    static let maximumEvents = 64
    static let maximumWebhooks = 100

    private(set) var chunks: [PlannedChunk] = []
    private(set) var webhooks = 0
    /// How many of the tokens may come straight to the lane.
    private(set) var room = 0

    private let freeSlots: Int
    private let workspaceCapacity: Int
    private var planned: [ObjectIdentifier: Int] = [:]
    /// A workspace near its share of the slots goes in a call of its own: the room of a call is for whoever comes first.
    private var alone: WorkspaceSubscriptions?

    init(freeSlots: Int, workspaceCapacity: Int) {
        self.freeSlots = freeSlots
        self.workspaceCapacity = workspaceCapacity
    }

    /// Matches the job's next webhooks and takes them along.
    ///
    /// - Returns: false when the call is full or this job belongs in another one; the job is unchanged.
    mutating func add(_ job: FanOutJob) -> Bool {
        guard chunks.count < Self.maximumEvents, webhooks < Self.maximumWebhooks else { return false }
        if let alone, alone !== job.workspace { return false }
        let (ids, isLast) = job.workspace.index.matches(
            job.operation, after: job.cursor, limit: Self.maximumWebhooks - webhooks)
        let key = ObjectIdentifier(job.workspace)
        let share = max(0, workspaceCapacity - job.workspace.slots)
        let wanted = planned[key, default: 0] + ids.count
        if alone == nil, wanted > share {
            guard chunks.allSatisfy({ $0.job.workspace === job.workspace }) else { return false }
            alone = job.workspace
        }
        planned[key] = wanted
        chunks.append(PlannedChunk(job: job, webhooks: ids, isLast: isLast))
        webhooks += ids.count
        room = min(freeSlots, alone == nil ? webhooks : min(webhooks, share))
        return true
    }
}
