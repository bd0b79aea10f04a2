import NIOCore
import NIOPosix
import Synchronization
import WebhookModel

@testable import Delivery

/// A sender by itself, on an event loop of its own, with an observer that lets everything go unless told otherwise.
final class SenderRig: Sendable {
    let eventLoop: any EventLoop
    let gauges: SenderGauges
    private let sender: NIOLoopBound<HTTPSender>
    private let observer: Observer
    private let targets: TargetPolicy
    private let group: MultiThreadedEventLoopGroup

    /// The target as it was and how long it took, as the caller sees it.
    struct Answer: Sendable {
        let result: AttemptResult
        let took: Duration
        var outcome: AttemptOutcome { result.outcome }

        /// The status of an answer; nil when there was none.
        var status: Int? {
            if case .response(let status, _) = outcome { Int(status) } else { nil }
        }

        /// The class of a failure; nil when there was an answer.
        var error: AttemptError? {
            switch outcome {
            case .failure(let error, _): error
            case .blocked: .blocked
            default: nil
            }
        }
    }

    /// - Parameter change: Over the product's settings, with http and private targets allowed.
    static func start(
        targets: TargetPolicy = TargetPolicy(allowsHTTP: true, allowsPrivate: true),
        _ change: @Sendable (inout HTTPSenderConfiguration) -> Void = { _ in }
    ) async throws -> SenderRig {
        var configuration = HTTPSenderConfiguration(targets: targets)
        configuration.attemptTimeout = .seconds(10)
        configuration.bodyGrace = .milliseconds(200)
        change(&configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let observer = Observer()
        let settings = configuration
        let (sender, gauges) = try await loop.submit {
            let sender = try HTTPSender(configuration: settings, eventLoop: loop)
            sender.observer = observer
            return (NIOLoopBound(sender, eventLoop: loop), sender.gauges)
        }.get()
        return SenderRig(group: group, sender: sender, gauges: gauges, observer: observer, targets: targets)
    }

    private init(
        group: MultiThreadedEventLoopGroup, sender: NIOLoopBound<HTTPSender>, gauges: SenderGauges,
        observer: Observer, targets: TargetPolicy
    ) {
        self.group = group
        eventLoop = group.next()
        self.sender = sender
        self.gauges = gauges
        self.observer = observer
        self.targets = targets
    }

    /// What the sender is told when it asks before the first byte.
    func permit(_ answer: @escaping @Sendable () -> Permit) { observer.setPermit(answer) }

    /// How often the sender has asked.
    var permitsAsked: Int { observer.permitsAsked }

    /// Makes one POST and waits for its end.
    func post(
        _ url: String, workspace: String = "w", recordBytes: Int = 10, secret: Secret? = nil
    ) async throws -> Answer {
        guard let name = WorkspaceName(workspace) else { throw BadWorkspace() }
        let endpoint = PreparedEndpoint(
            workspace: name, target: try TargetURL(url, policy: targets), userAgent: "Dalil-Webhooks/test")
        let id = EventID.new(milliseconds: wallClockMilliseconds())
        let stored = ByteBuffer(
            string: #"{"event":"people.created","eventId":"\#(id)","workspaceId":"w","recordId":"r","#
                + #""record":{"id":"r","text":"\#(String(repeating: "x", count: recordBytes))"},"#
                + #""timestamp":"2026-04-29T10:30:00.123Z"}"#)
        let request = RequestEncoder().encode(
            endpoint, stored: stored, event: id, webhook: WebhookID.new(milliseconds: wallClockMilliseconds()),
            signer: WebhookSigner(secret: secret), wallClockMilliseconds: wallClockMilliseconds())
        let began = ContinuousClock.now
        let result = await withCheckedContinuation { continuation in
            let number = observer.expect(continuation)
            eventLoop.execute { [sender] in
                sender.value.start(Attempt(id: number, endpoint: endpoint, request: request))
            }
        }
        return Answer(result: result, took: .now - began)
    }

    /// Ends the sender; done when no attempt and no connection is left.
    func shutDown(abandoningAttempts: Bool = false) async throws {
        try await eventLoop.flatSubmit { [sender] in sender.value.shutdown(abandoningAttempts: abandoningAttempts) }
            .get()
    }

    /// Changes what the sender must never connect to.
    func setOwnListeners(_ listeners: OwnListeners) async throws {
        try await eventLoop.submit { [sender] in sender.value.ownListeners = listeners }.get()
    }

    func stop() async throws {
        try await shutDown(abandoningAttempts: true)
        try await group.shutdownGracefully()
    }

    struct BadWorkspace: Error {}

    private final class Observer: AttemptObserver {
        private struct State {
            var next = 0
            var waiting: [Int: CheckedContinuation<AttemptResult, Never>] = [:]
            var permit: @Sendable () -> Permit = { .go }
            var asked = 0
        }

        private let state = Mutex(State())
        var permitsAsked: Int { state.withLock { $0.asked } }

        func setPermit(_ answer: @escaping @Sendable () -> Permit) { state.withLock { $0.permit = answer } }

        func expect(_ continuation: CheckedContinuation<AttemptResult, Never>) -> Int {
            state.withLock { state in
                state.next += 1
                state.waiting[state.next] = continuation
                return state.next
            }
        }

        func permit(attempt id: Int) -> Permit {
            let answer = state.withLock { state in
                state.asked += 1
                return state.permit
            }
            return answer()
        }

        func attemptEnded(_ result: AttemptResult) {
            state.withLock { $0.waiting.removeValue(forKey: result.id) }?.resume(returning: result)
        }
    }
}
