/// Whether the lane's lease lasts long enough for another attempt.
///
/// A POST starts only while the last answered renewal was sent less than lease − attempt timeout − 1 s ago: then it ends,
/// by its own deadline, before anybody else may take its token, though this node were cut off or stopped now.
package struct LeaseGate: Sendable {
    private let span: Milliseconds
    private var renewed = MonotonicTime.distantPast

    package init(lease: Milliseconds, attemptTimeout: Milliseconds) {
        span = lease - attemptTimeout - 1000
    }

    /// A renewal that was sent at `time` has been answered.
    package mutating func renewalAnswered(sentAt time: MonotonicTime) { renewed = max(renewed, time) }

    package mutating func shut() { renewed = .distantPast }

    package func isOpen(at now: MonotonicTime) -> Bool { now < renewed + span }
}
