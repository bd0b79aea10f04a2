import DequeModule
package import NIOCore
import NIOHTTP1
import NIOSSL
import WebhookModel

/// Makes POSTs over HTTP/1.1 on one event loop: resolves, judges, connects, keeps connections alive, and ends every
/// attempt by its deadline.
///
/// May be made anywhere; everything else but ``gauges`` belongs to the event loop. Its parts: this file starts and ends
/// attempts, `+Dialling` finds a connection for one, `+Exchange` hears what became of it, `+Connections` keeps the
/// connections, `+Time` keeps the deadlines.
package final class HTTPSender {
    /// Who is asked for permits and told of results; set before the first ``start(_:)``. Without one no byte is sent.
    package weak var observer: (any AttemptObserver)?
    package let gauges = SenderGauges()
    let eventLoop: any EventLoop
    let configuration: HTTPSenderConfiguration
    let times: SenderTimes
    let tls: NIOSSLContext
    /// As configured, and the addresses at which Redis was met since.
    var ownListeners: OwnListeners
    lazy var resolver = makeResolver()

    var attempts: [RunningAttempt] = []
    private var freeAttempts: [RunningAttempt] = []
    var pools: [PoolKey: EndpointPool] = [:]
    private var hosts: [HostKey: HostTurns] = [:]
    /// Hosts that got a turn back and may have somebody waiting for it.
    private var hostsToServe: [HostTurns] = []
    var connections: [Connection?] = []
    var freeConnectionNumbers: [Int] = []

    var attemptDeadlines = ExpiryList()
    var nameDeadlines = ExpiryList()
    var drainDeadlines = ExpiryList()
    var idleDeadlines = ExpiryList()
    var ageDeadlines = ExpiryList()
    var timer: NIOScheduledCallback?
    var timerIsSetFor = NIODeadline.distantFuture

    /// Results that came while an attempt was being started: told in a turn of their own, so that nobody hears of an
    /// attempt from within ``start(_:)``, and a row of failures does not become a deep recursion.
    private var lateResults: [AttemptResult] = []
    private var isBeginning = false
    private var isStopping = false
    private var stopped: EventLoopPromise<Void>?

    package init(
        configuration: HTTPSenderConfiguration, eventLoop: any EventLoop
    ) throws(HTTPSenderConfiguration.Refused) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        ownListeners = configuration.ownListeners
        times = SenderTimes(configuration)
        tls = try configuration.makeTLSContext()
    }

    /// Starts one attempt. Its result never comes before this returns; its permit may be asked before.
    package func start(_ attempt: Attempt) {
        eventLoop.assertInEventLoop()
        let pool = pool(for: attempt.endpoint)
        let running = freeAttempts.popLast() ?? newRecord()
        running.fill(attempt, pool: pool)
        pool.attempts += 1
        gauges.changeAttempts(by: 1)
        if isStopping {
            endLater(running, .notStarted(.stopping))
        } else if pool.host.running >= configuration.hostConcurrency || !pool.host.waiting.isEmpty {
            running.stage = .waitingForHost
            pool.host.waiting.append(running.number)
            gauges.changeWaiting(by: 1)
        } else {
            begin(running, on: pool)
            serveHosts()
        }
    }

    /// Takes no more attempts: those that still wait for their host end as not started, idle connections close at once, the
    /// others as their attempts end. With `abandoningAttempts` all attempts end now, those whose request is out as
    /// ``AttemptOutcome/abandoned``. The future is done when no attempt and no connection is left.
    package func shutdown(abandoningAttempts: Bool) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        isStopping = true
        let promise = stopped ?? eventLoop.makePromise(of: Void.self)
        stopped = promise
        for running in attempts where running.stage == .waitingForHost { end(running, .notStarted(.stopping)) }
        for connection in connections where connection?.isPooled == true { connection?.close() }
        if abandoningAttempts {
            for running in attempts where running.stage != .free { abandon(running) }
        }
        finishStopping()
        return promise.futureResult
    }

    private func abandon(_ running: RunningAttempt) {
        if let connection = running.connection, running.stage == .exchanging {
            if connection.exchange.hasHead {
                connection.abandon()
                end(running, answer: connection.exchange, by: connection)
            } else {
                connection.abandon()
                end(running, .abandoned, by: connection)
            }
        } else {
            running.connection?.abandon()
            end(running, .notStarted(.stopping))
        }
    }

    private func makeResolver() -> Resolver {
        var limits = Resolver.Limits()
        limits.answersLive = TimeAmount(configuration.nameLifetime)
        return Resolver(eventLoop: eventLoop, limits: limits, lookup: configuration.lookup) {
            [weak self] waiter, answer in self?.nameAnswered(waiter, answer)
        }
    }

    // MARK: From a turn to a result

    private func newRecord() -> RunningAttempt {
        let running = RunningAttempt(number: attempts.count)
        attempts.append(running)
        return running
    }

    private func begin(_ running: RunningAttempt, on pool: EndpointPool) {
        pool.host.running += 1
        running.stage = .connecting
        let now = NIODeadline.now()
        running.startedAt = now
        running.phaseBegan = now
        attemptDeadlines.append(running.number, deadline: now + times.attempt)
        setTimer(for: now + times.attempt)
        isBeginning = true
        defer { isBeginning = false }
        if let connection = takeIdle(from: pool, at: now) {
            running.connection = connection
            connectionReady(connection, for: running)
        } else {
            dial(running)
        }
    }

    /// Ends the attempt with an outcome that is no answer.
    func end(_ running: RunningAttempt, _ outcome: AttemptOutcome, by connection: Connection? = nil) {
        finish(running, outcome, excerpt: [], by: connection, at: .now())
    }

    /// Ends the attempt with the answer that came.
    func end(_ running: RunningAttempt, answer: ResponseExchange, by connection: Connection) {
        let now = NIODeadline.now()
        running.phases.wait = running.endPhase(at: now)
        let outcome = AttemptOutcome.response(
            status: answer.status, retryAfterMilliseconds: answer.retryAfterMilliseconds)
        finish(running, outcome, excerpt: answer.excerpt, by: outcome.isSuccess ? nil : connection, at: now)
    }

    private func endLater(_ running: RunningAttempt, _ outcome: AttemptOutcome) {
        isBeginning = true
        defer { isBeginning = false }
        end(running, outcome)
    }

    private func finish(
        _ running: RunningAttempt, _ outcome: AttemptOutcome, excerpt: [UInt8], by connection: Connection?,
        at now: NIODeadline
    ) {
        let number = running.number
        attemptDeadlines.remove(number)
        if running.stage == .resolving { stopWaitingForName(running) }
        var phases = running.phases
        if running.stage == .connecting || running.stage == .exchanging || running.stage == .resolving {
            phases.total = microseconds(from: running.startedAt, to: now)
        }
        let result = AttemptResult(
            id: running.id, outcome: outcome, phases: phases, remoteAddress: connection?.remoteText, excerpt: excerpt)
        giveBackTurn(of: running)
        running.clear()
        freeAttempts.append(running)
        gauges.changeAttempts(by: -1)
        if isBeginning {
            tellLater(result)
        } else {
            serveHosts()
            observer?.attemptEnded(result)
            finishStopping()
        }
    }

    private func giveBackTurn(of running: RunningAttempt) {
        guard let pool = running.pool else { return }
        pool.attempts -= 1
        switch running.stage {
        case .waitingForHost:
            pool.host.waiting.removeAll { $0 == running.number }
            gauges.changeWaiting(by: -1)
        case .free: ()
        case .resolving, .connecting, .exchanging:
            pool.host.running -= 1
            if !pool.host.waiting.isEmpty { hostsToServe.append(pool.host) }
        }
        dropIfUnused(pool)
    }

    private func serveHosts() {
        guard !isBeginning else { return }
        while let host = hostsToServe.popLast() {
            while host.running < configuration.hostConcurrency, let number = host.waiting.popFirst() {
                gauges.changeWaiting(by: -1)
                let running = attempts[number]
                guard let pool = running.pool else { continue }
                begin(running, on: pool)
            }
        }
    }

    private func tellLater(_ result: AttemptResult) {
        lateResults.append(result)
        guard lateResults.count == 1 else { return }
        eventLoop.assumeIsolated().execute { [self] in
            let results = lateResults
            lateResults = []
            for result in results { observer?.attemptEnded(result) }
            finishStopping()
        }
    }

    /// Once stopping: whether all is over.
    func finishStopping() {
        guard isStopping, let stopped, lateResults.isEmpty, gauges.attemptsInFlight == 0, gauges.openConnections == 0
        else { return }
        self.stopped = nil
        timer?.cancel()
        timer = nil
        timerIsSetFor = .distantFuture
        stopped.succeed()
    }

    var takesNoMore: Bool { isStopping }

    // MARK: Pools

    private func pool(for endpoint: PreparedEndpoint) -> EndpointPool {
        if let pool = pools[endpoint.poolKey] { return pool }
        let hostKey = endpoint.poolKey.host
        let host = hosts[hostKey] ?? HostTurns(key: hostKey)
        hosts[hostKey] = host
        host.pools += 1
        let pool = EndpointPool(key: endpoint.poolKey, host: host)
        pools[endpoint.poolKey] = pool
        return pool
    }

    func dropIfUnused(_ pool: EndpointPool) {
        guard pool.isUnused else { return }
        pools[pool.key] = nil
        pool.host.pools -= 1
        if pool.host.pools == 0 { hosts[pool.host.key] = nil }
    }
}
