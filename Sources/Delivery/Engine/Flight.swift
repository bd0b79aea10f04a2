import WebhookModel
import WebhookStore

/// A token that this node holds in one of its slots, from its claim until its outcome is on the way to Redis. Records are
/// used again: a delivery allocates none. Belongs to the engine's event loop.
final class Flight {
    enum Stage {
        case free
        /// In memory, because a gate is shut or its workspace is not up to date.
        case waiting
        /// The sender has it; `permit` may not have been asked yet.
        case started
    }

    /// The slot's number, which is the attempt's id for the sender.
    let number: Int
    var stage = Stage.free
    private(set) var claim: Claim?
    var webhook: CachedWebhook?
    /// Whether Redis was told that it runs long.
    var isReportedSlow = false

    /// What a claim or a fan-out said about the token.
    struct Claim {
        let token: DeliveryToken
        let lane: Lane
        let event: HeldEvent
        let workspace: WorkspaceSubscriptions
        /// Whether it takes one of the slots for endpoints of the slow class.
        let isSlow: Bool
        /// Whether it met dead nodes and was claimed alone.
        let isSuspect: Bool
    }

    init(number: Int) { self.number = number }

    func fill(_ claim: Claim) {
        precondition(stage == .free, "a slot holds one token")
        self.claim = claim
        stage = .waiting
    }

    func clear() {
        stage = .free
        claim = nil
        webhook = nil
        isReportedSlow = false
    }
}

/// All slots, made as they are needed.
struct FlightTable {
    private(set) var all: [Flight] = []
    private var free: [Flight] = []

    mutating func take(_ claim: Flight.Claim) -> Flight {
        let flight: Flight
        if let last = free.popLast() {
            flight = last
        } else {
            flight = Flight(number: all.count)
            all.append(flight)
        }
        flight.fill(claim)
        return flight
    }

    mutating func release(_ flight: Flight) {
        flight.clear()
        free.append(flight)
    }

    subscript(number: Int) -> Flight { all[number] }
}
