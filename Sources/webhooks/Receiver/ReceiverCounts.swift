import Synchronization

/// What a receiver has seen, counted over all its connections.
final class ReceiverCounts: Sendable {
    private let all = Atomic(0)
    private let good = Atomic(0)
    private let bad = Atomic(0)
    /// Hashes of the deliveries seen, where they are told apart: eight bytes each instead of their texts.
    private let seen = Mutex<Set<Int>>([])
    private let tellsApart: Bool

    /// - Parameter tellsApart: Whether it counts how many different deliveries arrived.
    init(tellsApart: Bool = false) { self.tellsApart = tellsApart }

    enum Finding: Sendable, Hashable {
        case verified
        case refused(String)
        /// There was no secret to check with.
        case unchecked
    }

    /// - Parameter delivery: What tells this delivery from others: its path and its `webhook-id`.
    func count(_ finding: Finding, delivery: @autoclosure () -> String) {
        if tellsApart {
            let hash = delivery().hashValue
            _ = seen.withLock { $0.insert(hash) }
        }
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
            + (tellsApart ? ", distinct \(seen.withLock { $0.count })" : "")
    }
}
