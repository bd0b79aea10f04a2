import NIOCore
import WebhookModel

/// The configured times in the event loop's unit.
struct SenderTimes {
    let attempt: TimeAmount
    let connect: TimeAmount
    let dns: TimeAmount
    let bodyGrace: TimeAmount
    let idleLife: TimeAmount
    let connectionLife: TimeAmount

    init(_ configuration: HTTPSenderConfiguration) {
        attempt = TimeAmount(configuration.attemptTimeout)
        connect = TimeAmount(configuration.connectTimeout)
        dns = TimeAmount(configuration.dnsTimeout)
        bodyGrace = TimeAmount(configuration.bodyGrace)
        idleLife = TimeAmount(configuration.idleLifetime)
        connectionLife = TimeAmount(configuration.connectionLifetime)
    }
}

/// One timer for all deadlines. It is set for the earliest one and not taken back when that is met in time: it then fires
/// for nothing and is set for the next, a few times a second at most.
extension HTTPSender {
    func setTimer(for deadline: NIODeadline) {
        guard deadline < timerIsSetFor else { return }
        timer?.cancel()
        timerIsSetFor = deadline
        do {
            timer = try eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: SenderTimer(sender: self))
        } catch {
            // Only a loop that has shut down refuses: nothing runs on it any more that could be late.
            timer = nil
        }
    }

    func timerFired() {
        timer = nil
        timerIsSetFor = .distantFuture
        let now = NIODeadline.now()
        while let number = nameDeadlines.popExpired(at: now) { nameIsLate(attempts[number]) }
        while let number = attemptDeadlines.popExpired(at: now) { attemptIsLate(attempts[number]) }
        while let number = drainDeadlines.popExpired(at: now) { connections[number]?.close() }
        while let number = idleDeadlines.popExpired(at: now) { connections[number]?.close() }
        while let number = ageDeadlines.popExpired(at: now) { connectionIsOld(number) }
        let next = [
            nameDeadlines.earliest, attemptDeadlines.earliest, drainDeadlines.earliest, idleDeadlines.earliest,
            ageDeadlines.earliest,
        ].compactMap(\.self).min()
        if let next { setTimer(for: next) }
    }

    private func nameIsLate(_ running: RunningAttempt) {
        running.phases.dns = running.endPhase(at: .now())
        end(running, .failure(.dns, detail: "no answer within \(configuration.dnsTimeout)"))
    }

    private func attemptIsLate(_ running: RunningAttempt) {
        let connection = running.connection
        let detail = "nothing within \(configuration.attemptTimeout)"
        switch running.stage {
        case .free, .waitingForHost: return
        case .resolving: end(running, .failure(.dns, detail: detail))
        case .connecting:
            let isConnected = connection?.state == .handshaking
            connection?.abandon()
            end(running, .failure(isConnected ? .timeout : .connection, detail: detail), by: connection)
        case .exchanging:
            guard let connection else { return }
            let exchange = connection.exchange
            connection.abandon()
            if exchange.hasHead {
                end(running, answer: exchange, by: connection)
            } else {
                exchangeFailed(running, .timeout, detail, by: connection)
            }
        }
    }

    /// Tells the id of each attempt that has been running for `time`. One that waits for its host's turn does not run.
    func forEachAttempt(runningFor time: TimeAmount, _ tell: (Int) -> Void) {
        let limit = NIODeadline.now() - time
        for running in attempts where running.startedAt <= limit {
            switch running.stage {
            case .free, .waitingForHost: ()
            case .resolving, .connecting, .exchanging: tell(running.id)
            }
        }
    }

    private func connectionIsOld(_ number: Int) {
        guard let connection = connections[number] else { return }
        connection.isTooOld = true
        if connection.isPooled { connection.close() }
    }
}

private final class SenderTimer: NIOScheduledCallbackHandler {
    private let sender: HTTPSender

    init(sender: HTTPSender) { self.sender = sender }

    func handleScheduledCallback(eventLoop: some EventLoop) { sender.timerFired() }
}
