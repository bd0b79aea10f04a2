import NIOCore
import NIOSSL
import WebhookModel

/// From an attempt without a connection to one with a connection that is ready.
extension HTTPSender {
    /// How many addresses of a name are tried in one attempt.
    private static let maximumAddresses = 3

    /// Finds addresses for the attempt, then connects.
    func dial(_ running: RunningAttempt) {
        guard let endpoint = running.endpoint else { return }
        if let address = endpoint.poolKey.host.literal {
            return connect(running, to: [address])
        }
        running.stage = .resolving
        let answer = resolver.resolve(
            endpoint.poolKey.host.name, for: endpoint.workspace, waiter: running.number, now: running.phaseBegan)
        if let answer { return take(answer, for: running) }
        let deadline = running.phaseBegan + times.dns
        nameDeadlines.append(running.number, deadline: deadline)
        setTimer(for: deadline)
    }

    /// The answer that the attempt waited for.
    func nameAnswered(_ number: Int, _ answer: NameAnswer) {
        let running = attempts[number]
        guard running.stage == .resolving else { return }
        nameDeadlines.remove(number)
        take(answer, for: running)
    }

    private func take(_ answer: NameAnswer, for running: RunningAttempt) {
        running.phases.dns = running.endPhase(at: .now())
        // From here on nobody waits for a name: the end of the attempt must not look for a waiter.
        running.stage = .connecting
        switch answer {
        case .addresses(let addresses): connect(running, to: addresses)
        case .failed(let reason): end(running, .failure(.dns, detail: reason))
        }
    }

    /// The attempt ends while it waits for a name.
    func stopWaitingForName(_ running: RunningAttempt) {
        nameDeadlines.remove(running.number)
        guard let endpoint = running.endpoint else { return }
        resolver.forget(waiter: running.number, name: endpoint.poolKey.host.name, workspace: endpoint.workspace)
    }

    /// Judges all addresses, then tries them one by one: a single one that may not be connected to blocks them all.
    private func connect(_ running: RunningAttempt, to addresses: [IPAddress]) {
        guard let pool = running.pool else { return }
        for address in addresses {
            if let refusal = refusal(of: address, port: pool.key.host.port) {
                return end(running, .blocked(reason: refusal))
            }
        }
        running.addresses = addresses
        running.addressesTried = 0
        connectToNext(running)
    }

    /// Why `address` may not be connected to; nil when it may.
    func refusal(of address: IPAddress, port: Int) -> String? {
        if case .deny(let reason) = configuration.targets.addresses.classify(address) { return "\(reason)" }
        return ownListeners.contains(address, port: port) ? "a listener of this node, or its Redis" : nil
    }

    private func connectToNext(_ running: RunningAttempt) {
        guard let pool = running.pool else { return }
        running.stage = .connecting
        guard running.addressesTried < min(running.addresses.count, Self.maximumAddresses) else {
            return end(running, .failure(.connection, detail: running.connectFailure))
        }
        let address = running.addresses[running.addressesTried]
        running.addressesTried += 1
        let connection = makeConnection(to: address, in: pool)
        connection.attempt = running
        running.connection = connection
        connection.open(to: address.socketAddress(port: pool.key.host.port), timeout: times.connect)
    }

    /// TLS in front of a new connection; a literal address has no name to send, its certificate must name the address.
    func makeTLSHandler(for key: PoolKey) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: tls, serverHostname: key.host.literal == nil ? key.host.name : nil)
    }

    // MARK: What a connection in the making says

    /// TCP is there.
    func connected(_ running: RunningAttempt) {
        running.phases.connect = running.endPhase(at: .now())
    }

    func handshakeCompleted(_ running: RunningAttempt) {
        running.phases.tls = running.endPhase(at: .now())
    }

    /// The socket's peer is not the judged address, or is not allowed any more.
    func connectionBlocked(_ running: RunningAttempt, by connection: Connection) {
        end(running, .blocked(reason: "connected to another address than the judged one"), by: connection)
    }

    /// The connection can carry the request: the last gate, then the bytes.
    func connectionReady(_ connection: Connection, for running: RunningAttempt) {
        switch observer?.permit(attempt: running.id) ?? .cancel {
        case .go:
            running.stage = .exchanging
            connection.send(running.request, of: running)
        case .wait:
            connectionIdle(connection)
            end(running, .notStarted(.wait))
        case .cancel:
            connectionIdle(connection)
            end(running, .notStarted(.cancelled))
        }
    }

    /// The connection broke before the attempt had its answer.
    func connectionFailed(_ running: RunningAttempt, _ cause: FailureCause, by connection: Connection) {
        running.connection = nil
        if running.stage == .connecting {
            connectingFailed(running, cause, by: connection)
        } else {
            exchangeBroke(running, cause, by: connection)
        }
    }

    private func connectingFailed(_ running: RunningAttempt, _ cause: FailureCause, by connection: Connection) {
        switch cause.kind {
        case .noLocalResources:
            closeIdle(atMost: 16)
            end(running, .notStarted(.noLocalResources))
        case .unreachable:
            running.connectFailure = cause.detail
            if running.addressesTried < min(running.addresses.count, Self.maximumAddresses) {
                connectToNext(running)
            } else {
                running.phases.connect = running.endPhase(at: .now())
                end(running, .failure(.connection, detail: cause.detail), by: connection)
            }
        case .broken, .ended: end(running, .failure(.connection, detail: cause.detail), by: connection)
        case .tls: end(running, .failure(.tls, detail: cause.detail), by: connection)
        case .protocol: end(running, .failure(.protocol, detail: cause.detail), by: connection)
        }
    }
}
