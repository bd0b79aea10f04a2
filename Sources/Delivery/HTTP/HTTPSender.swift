package import NIOCore

/// Makes POSTs over HTTP/1.1 on one event loop: resolves, judges, connects, keeps connections alive, and ends every
/// attempt by its deadline. Made anywhere; every method but ``init(configuration:eventLoop:)`` and ``gauges`` belongs to
/// the event loop.
package final class HTTPSender {
    /// Who is asked for permits and told of results; held weakly, set before the first ``start(_:)``.
    package weak var observer: (any AttemptObserver)?

    package init(eventLoop: any EventLoop) throws {}

    /// Starts one attempt. Its result may come before this returns.
    package func start(_ attempt: Attempt) {}

    /// Takes no more attempts, closes idle connections at once and the others as their attempts end; with
    /// `abandoningAttempts` ends those as well. The future is done when no connection is open.
    package func shutdown(abandoningAttempts: Bool) -> EventLoopFuture<Void> { preconditionFailure("to come") }
}
