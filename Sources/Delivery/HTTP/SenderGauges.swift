import Synchronization

/// What a sender is doing at the moment and has done so far; may be read from anywhere at any time.
package final class SenderGauges: Sendable {
    private let attempts = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)
    private let idle = Atomic<Int>(0)
    private let opened = Atomic<Int>(0)
    private let repeated = Atomic<Int>(0)

    /// Attempts that were started and have no result yet.
    package var attemptsInFlight: Int { attempts.load(ordering: .relaxed) }
    /// Of those, the ones that wait for their host's turn, their deadline not yet running.
    package var attemptsWaitingForHost: Int { waiting.load(ordering: .relaxed) }
    /// Connections that are being made or are open.
    package var openConnections: Int { connections.load(ordering: .relaxed) }
    /// Of those, the ones kept open without a request.
    package var idleConnections: Int { idle.load(ordering: .relaxed) }
    /// Connections begun since the beginning.
    package var connectionsOpened: Int { opened.load(ordering: .relaxed) }
    /// Requests that went out once more because a kept connection was dead.
    package var requestsRepeated: Int { repeated.load(ordering: .relaxed) }

    func changeAttempts(by change: Int) { attempts.add(change, ordering: .relaxed) }
    func changeWaiting(by change: Int) { waiting.add(change, ordering: .relaxed) }
    func changeIdle(by change: Int) { idle.add(change, ordering: .relaxed) }

    func connectionOpened() {
        connections.add(1, ordering: .relaxed)
        opened.add(1, ordering: .relaxed)
    }

    func connectionClosed() { connections.subtract(1, ordering: .relaxed) }
    func requestRepeated() { repeated.add(1, ordering: .relaxed) }
}
