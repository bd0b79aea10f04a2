import Synchronization

/// What a receiver has seen, counted over all its connections.
final class ReceiverCounts: Sendable {
    private let all = Atomic(0)
    private let good = Atomic(0)
    private let bad = Atomic(0)

    enum Finding: Sendable, Hashable {
        case verified
        case refused(String)
        /// There was no secret to check with.
        case unchecked
    }

    func count(_ finding: Finding) {
        all.add(1, ordering: .relaxed)
        switch finding {
        case .verified: good.add(1, ordering: .relaxed)
        case .refused: bad.add(1, ordering: .relaxed)
        case .unchecked: break
        }
    }

    var received: Int { all.load(ordering: .relaxed) }

    var summary: String {
        let verified = good.load(ordering: .relaxed)
        let refused = bad.load(ordering: .relaxed)
        return "received \(received), verified \(verified), not verified \(refused), "
            + "unchecked \(received - verified - refused)"
    }
}
