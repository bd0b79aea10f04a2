package import NIOCore
package import WebhookModel

/// One POST to be made, as ``HTTPSender/start(_:)`` takes it.
package struct Attempt: Sendable {
    /// The caller's own number for the attempt. It comes back in every question and in the result, and must not be used
    /// again before the result came.
    package let id: Int
    package let endpoint: PreparedEndpoint
    /// The whole request as it goes on the wire: head and body, made by ``RequestEncoder``.
    package let request: ByteBuffer

    package init(id: Int, endpoint: PreparedEndpoint, request: ByteBuffer) {
        self.id = id
        self.endpoint = endpoint
        self.request = request
    }
}

/// Whether the first byte of an attempt's request may go out now.
package enum Permit: Sendable {
    case go
    /// Not now, but perhaps later: the attempt ends as ``AttemptOutcome/notStarted(_:)`` with ``NotStarted/wait``.
    case wait
    /// Never: its webhook is gone. The attempt ends with ``NotStarted/cancelled``.
    case cancel
}

/// Whom the sender asks and tells. Every call is made on the sender's event loop, from within a turn of the loop or from
/// within ``HTTPSender/start(_:)`` itself.
package protocol AttemptObserver: AnyObject, Sendable {
    /// Asked once right before the first byte of HTTP is written, and once more when the request must be repeated on a
    /// fresh connection because a kept one turned out to be dead.
    func permit(attempt id: Int) -> Permit

    /// Told exactly once for each started attempt. The attempt's slot is free: another may be started from here.
    func attemptEnded(_ result: AttemptResult)
}

/// How an attempt ended.
package struct AttemptResult: Sendable {
    /// ``Attempt/id``.
    package let id: Int
    package let outcome: AttemptOutcome
    package let phases: AttemptPhases
    /// The address that was talked to (or tried last), for operators; nil for a success and when there was none.
    package let remoteAddress: String?
    /// The first bytes of the body of an answer that is no 2xx, at most 256, as they came: for operators, never over REST.
    package let excerpt: [UInt8]

    package init(
        id: Int, outcome: AttemptOutcome, phases: AttemptPhases, remoteAddress: String? = nil, excerpt: [UInt8] = []
    ) {
        self.id = id
        self.outcome = outcome
        self.phases = phases
        self.remoteAddress = remoteAddress
        self.excerpt = excerpt
    }
}

package enum AttemptOutcome: Sendable, Equatable {
    /// A final status, 200 to 999, never 1xx. `retryAfterMilliseconds` is there only for a 429 or 503 with a Retry-After
    /// that can be read: from now on, never negative, not yet capped.
    case response(status: UInt16, retryAfterMilliseconds: Int64?)
    /// No usable answer. The class is what clients may see, the detail is for operators alone.
    case failure(AttemptError, detail: String)
    /// The name has an address that may not be connected to: final, nothing was sent. The reason is for operators alone.
    case blocked(reason: String)
    /// No byte of the request was written.
    case notStarted(NotStarted)
    /// The sender was told to end everything at once while this request was out: what the receiver did is not known.
    case abandoned

    /// Whether the delivery was made: a status of 200 to 299.
    package var isSuccess: Bool {
        if case .response(let status, _) = self { (200..<300).contains(status) } else { false }
    }
}

/// Why nothing of an attempt was written.
package enum NotStarted: Sendable, Equatable {
    /// The permit was ``Permit/wait``.
    case wait
    /// The permit was ``Permit/cancel``.
    case cancelled
    /// This node has no descriptor, port or memory left for a connection; not the endpoint's fault.
    case noLocalResources
    /// The sender is shutting down.
    case stopping
}

/// How long each part of an attempt took, in microseconds; a part that did not happen is 0. The time an attempt waited for
/// its host's turn counts nowhere.
package struct AttemptPhases: Sendable, Equatable {
    package var dns: UInt32 = 0
    package var connect: UInt32 = 0
    package var tls: UInt32 = 0
    /// From the last byte of the request given to the socket to the end of the response head.
    package var wait: UInt32 = 0
    /// From the start of the deadline to the result.
    package var total: UInt32 = 0

    package init() {}

    /// Whole milliseconds, rounded, as attempt lines show them.
    package static func milliseconds(_ microseconds: UInt32) -> Int { Int((UInt64(microseconds) + 500) / 1000) }
}
