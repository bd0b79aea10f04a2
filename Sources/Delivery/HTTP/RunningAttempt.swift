import NIOCore
import WebhookModel

/// The sender's own record of one attempt. Records are used again: an attempt allocates none.
final class RunningAttempt {
    enum Stage {
        case free
        /// It stands in its host's queue; the deadline does not run.
        case waitingForHost
        case resolving
        case connecting
        case exchanging
    }

    /// The record's place in the sender's tables.
    let number: Int
    var stage = Stage.free
    var id = 0
    var endpoint: PreparedEndpoint?
    var request = ByteBuffer()
    var pool: EndpointPool?
    var connection: Connection?
    var startedAt = NIODeadline.uptimeNanoseconds(0)
    /// When the phase that runs now began.
    var phaseBegan = NIODeadline.uptimeNanoseconds(0)
    var phases = AttemptPhases()
    /// Whether the request went out a second time because a kept connection was dead.
    var isRepeated = false
    /// The addresses to be tried, all judged, and how many of them have been.
    var addresses: [IPAddress] = []
    var addressesTried = 0
    /// Why the last address could not be connected to.
    var connectFailure = ""

    init(number: Int) { self.number = number }

    func fill(_ attempt: Attempt, pool: EndpointPool) {
        id = attempt.id
        endpoint = attempt.endpoint
        request = attempt.request
        self.pool = pool
    }

    /// Makes the record ready for another attempt and lets go of all that this one held.
    func clear() {
        stage = .free
        endpoint = nil
        request = Self.nothing
        pool = nil
        connection = nil
        phases = AttemptPhases()
        isRepeated = false
        addresses = []
        addressesTried = 0
        connectFailure = ""
    }

    /// The microseconds since the phase began; another begins.
    func endPhase(at now: NIODeadline) -> UInt32 {
        defer { phaseBegan = now }
        return microseconds(from: phaseBegan, to: now)
    }

    private static let nothing = ByteBuffer()
}

/// Whole microseconds between two instants, within the range of the result.
func microseconds(from start: NIODeadline, to end: NIODeadline) -> UInt32 {
    UInt32(clamping: max(0, (end - start).nanoseconds) / 1000)
}
