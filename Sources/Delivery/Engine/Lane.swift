import DequeModule
import WebhookStore

/// One lane of this node, living or lost, with the outcomes that Redis has not confirmed. Belongs to the engine's event
/// loop.
final class Lane {
    let id: String
    /// No renewal and no claim any more: only outcomes still go there.
    var isLost = false
    /// Whether Redis knows that it was given up by a living node.
    var isAbandoned = false
    /// In the order in which they came, sent again until they are answered; a second time they change nothing.
    private(set) var outcomes = Deque<FinishedToken>()
    /// Tokens and fan-outs in memory that were claimed for it.
    var held = 0

    /// Events that stay on it because this version cannot read them.
    var unreadable: [EventToken] = []

    init(id: String) { self.id = id }

    /// Whether nothing is to be sent to it any more.
    var isSettled: Bool { outcomes.isEmpty && held == 0 && isAbandoned }

    func add(_ outcome: FinishedToken) { outcomes.append(outcome) }

    func firstOutcomes(atMost count: Int) -> [FinishedToken] { Array(outcomes.prefix(count)) }

    func confirmed(_ count: Int) { outcomes.removeFirst(count) }
}
