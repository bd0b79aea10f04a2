import DequeModule
import NIOCore
import NIOPosix
package import WebhookModel

/// What a name stands for.
package enum NameAnswer: Sendable, Equatable {
    /// All its addresses, in the order in which they should be tried; never empty.
    case addresses([IPAddress])
    /// It has none, or nobody knows now: text for operators.
    case failed(String)
}

/// Looks a host name up, on a thread of its own; may block for as long as it likes.
package typealias NameLookup = @Sendable (_ name: String) -> NameAnswer

/// Turns names into addresses off the event loop. Answers are kept for 30 s, failures for 2 s; equal questions of one
/// workspace become one lookup; one workspace keeps at most 2 threads busy, so that names that hang hold up nobody else.
///
/// Belongs to one event loop. It sets no time limit: a thread is busy until the lookup returns, and whoever waits gives up
/// by himself with ``forget(waiter:name:workspace:)``.
final class Resolver {
    struct Limits {
        var threads = 16
        var threadsOfOneWorkspace = 2
        var answersLive = TimeAmount.seconds(30)
        var failuresLive = TimeAmount.seconds(2)
        var names = 8192
    }

    private struct Question: Hashable {
        let workspace: WorkspaceName
        let name: String
    }

    private struct Asker {
        var atWork = 0
        var queue = Deque<Question>()
    }

    private struct Known {
        let answer: NameAnswer
        let expires: NIODeadline
    }

    private let eventLoop: any EventLoop
    private let limits: Limits
    private let lookup: NameLookup
    private let answered: (_ waiter: Int, NameAnswer) -> Void
    private var threads: NIOThreadPool?
    private var atWork = 0
    private var known: [String: Known] = [:]
    /// Who waits for what; a question stays here until its lookup returned, with nobody waiting too.
    private var waiters: [Question: [Int]] = [:]
    private var askers: [WorkspaceName: Asker] = [:]
    /// Workspaces with a queued question and a thread to spare, each once.
    private var turns = Deque<WorkspaceName>()

    /// - Parameter answered: Called on the event loop with each waiter whose answer came later.
    init(
        eventLoop: any EventLoop, limits: Limits = Limits(), lookup: @escaping NameLookup,
        answered: @escaping (_ waiter: Int, NameAnswer) -> Void
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.lookup = lookup
        self.answered = answered
    }

    deinit { threads?.shutdownGracefully { _ in } }

    /// The answer when it is known, else nil: then `answered` is called with `waiter`, unless it is forgotten before.
    func resolve(_ name: String, for workspace: WorkspaceName, waiter: Int, now: NIODeadline) -> NameAnswer? {
        if let known = known[name], known.expires > now { return known.answer }
        let question = Question(workspace: workspace, name: name)
        if waiters[question] != nil {
            waiters[question]?.append(waiter)
            return nil
        }
        waiters[question] = [waiter]
        askers[workspace, default: Asker()].queue.append(question)
        offerTurn(to: workspace)
        startLookups()
        return nil
    }

    /// `waiter` does not wait any more.
    func forget(waiter: Int, name: String, workspace: WorkspaceName) {
        let question = Question(workspace: workspace, name: name)
        guard let position = waiters[question]?.firstIndex(of: waiter) else { return }
        waiters[question]?.remove(at: position)
        // A question that no thread has taken up yet dies with its last waiter.
        guard waiters[question]?.isEmpty == true,
            let queued = askers[workspace]?.queue.firstIndex(of: question)
        else { return }
        askers[workspace]?.queue.remove(at: queued)
        waiters[question] = nil
        dropIfQuiet(workspace)
    }

    private func offerTurn(to workspace: WorkspaceName) {
        guard let asker = askers[workspace], !asker.queue.isEmpty,
            asker.atWork < limits.threadsOfOneWorkspace, !turns.contains(workspace)
        else { return }
        turns.append(workspace)
    }

    private func startLookups() {
        while atWork < limits.threads, let workspace = turns.popFirst() {
            guard let question = askers[workspace]?.queue.popFirst() else { continue }
            askers[workspace]?.atWork += 1
            atWork += 1
            offerTurn(to: workspace)
            start(question)
        }
    }

    private func start(_ question: Question) {
        let threads = runningThreads()
        let resolver = NIOLoopBound(self, eventLoop: eventLoop)
        threads.submit { [lookup, eventLoop] state in
            let answer: NameAnswer = state == .active ? lookup(question.name) : .failed("the resolver has stopped")
            eventLoop.execute { resolver.value.finish(question, answer) }
        }
    }

    private func runningThreads() -> NIOThreadPool {
        if let threads { return threads }
        let threads = NIOThreadPool(numberOfThreads: limits.threads)
        threads.start()
        self.threads = threads
        return threads
    }

    private func finish(_ question: Question, _ answer: NameAnswer) {
        remember(answer, for: question.name)
        atWork -= 1
        askers[question.workspace]?.atWork -= 1
        offerTurn(to: question.workspace)
        dropIfQuiet(question.workspace)
        let waiting = waiters.removeValue(forKey: question) ?? []
        startLookups()
        for waiter in waiting { answered(waiter, answer) }
    }

    private func remember(_ answer: NameAnswer, for name: String) {
        let now = NIODeadline.now()
        if known.count >= limits.names, known[name] == nil {
            known = known.filter { $0.value.expires > now }
            // All of them fresh: forgetting costs lookups, growing without bound would cost the node.
            if known.count >= limits.names { known.removeAll(keepingCapacity: true) }
        }
        let life = if case .addresses = answer { limits.answersLive } else { limits.failuresLive }
        known[name] = Known(answer: answer, expires: now + life)
    }

    private func dropIfQuiet(_ workspace: WorkspaceName) {
        if let asker = askers[workspace], asker.atWork == 0, asker.queue.isEmpty { askers[workspace] = nil }
    }
}
