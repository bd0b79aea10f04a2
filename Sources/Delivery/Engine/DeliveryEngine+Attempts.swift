import Logging
import NIOCore
import WebhookModel
import WebhookStore

// Attempts: plain calls within a turn of the event loop, from a token in a slot to an outcome.
extension DeliveryEngine {
    /// When Redis is told that an attempt runs long.
    private static let long = TimeAmount.seconds(2)
    /// How long deliveries of a webhook wait whose secret cannot be read, before one of them looks again.
    private static let holding: Milliseconds = 10_000
    /// At most one line in this time says so, whatever webhooks it concerns.
    private static let tellingOfSecrets: Milliseconds = 60_000
    /// At most one success of a webhook in this time is listed.
    private static let listing: Milliseconds = 1000

    // MARK: Slots

    func hold(_ claim: Flight.Claim) -> Flight {
        slots.take(isSlow: claim.isSlow)
        claim.lane.held += 1
        shares.take(claim.workspace)
        claim.workspace.holders += 1
        hold(claim.event)
        if slots.held == 1 { beginAsking() }
        return flights.take(claim)
    }

    func hold(_ event: HeldEvent) {
        if event.holders == 0 { slots.takeBody(bytes: event.stored.readableBytes) }
        event.holders += 1
    }

    func release(_ event: HeldEvent) {
        event.holders -= 1
        if event.holders == 0 { slots.releaseBody(bytes: event.stored.readableBytes) }
    }

    private func release(_ flight: Flight) {
        guard let claim = flight.claim else { return }
        let wasFull = slots.free == 0
        slots.release(isSlow: claim.isSlow)
        claim.lane.held -= 1
        shares.release(claim.workspace)
        claim.workspace.holders -= 1
        release(claim.event)
        if case .delivery(flight.number) = suspect {
            suspect = nil
            work.suspects = true
        }
        flights.release(flight)
        if work.deliveries || work.events || work.suspects {
            claimSignal.set()
        } else if wasFull {
            wakeSignal.set()
        }
    }

    // MARK: Starting

    var isStopping: Bool {
        if case .draining = stop { true } else { false }
    }

    /// Starts the token's attempt, or puts it where it waits, or gives it back.
    func start(_ flight: Flight) {
        guard let claim = flight.claim else { return }
        guard !isStopping, !claim.lane.isLost else { return giveBack(flight) }
        guard isUsable(claim.workspace) else {
            claim.workspace.waitingFlights.append(flight.number)
            return requestLoad(of: claim.workspace)
        }
        let now = MonotonicTime.now()
        guard leaseGate.isOpen(at: now), cache.isFresh(at: now) else {
            gated.append(flight.number)
            return subscriptionSignal.set()
        }
        guard let webhook = claim.workspace.webhooks[claim.token.webhook] else { return missing(flight, claim) }
        // The script buries what is of a disabled webhook.
        guard webhook.isEnabled else { return giveBack(flight) }
        if let until = webhook.secretUnreadableUntil, until > wallClockMilliseconds() {
            return holdBack(flight, claim, webhook)
        }
        guard let destination = webhook.destination else { return settle(flight, blockedAt: webhook) }
        flight.webhook = webhook
        flight.stage = .started
        let request = encoder.encode(
            destination.endpoint, stored: claim.event.stored, event: claim.token.event, webhook: claim.token.webhook,
            signer: destination.signer, wallClockMilliseconds: wallClockMilliseconds())
        sender.start(Attempt(id: flight.number, endpoint: destination.endpoint, request: request))
    }

    /// A token of a webhook that is not there: the script drops it when it comes back. Should it not (a webhook's hash was
    /// lost, its endpoint's was not), it must not go round and round without a pause.
    private func missing(_ flight: Flight, _ claim: Flight.Claim) {
        if missingWebhooks.insert(claim.token.webhook).inserted {
            giveBack(flight)
        } else {
            strangers.append(flight.number)
        }
    }

    /// A webhook whose secret this node cannot read is never sent to unsigned: its deliveries wait, no attempt is burned.
    private func holdBack(_ flight: Flight, _ claim: Flight.Claim, _ webhook: CachedWebhook) {
        let now = MonotonicTime.now()
        if now >= unreadableSecretTold + Self.tellingOfSecrets {
            unreadableSecretTold = now
            logger.error(
                "no key of this node decrypts a webhook's secret, its deliveries wait",
                metadata: ["workspace": "\(claim.workspace.name)", "webhook": "\(webhook.id)"])
        }
        finish(
            flight,
            FinishedToken(.delivery(claim.token), .back, verdict: .hold(milliseconds: Self.holding.count)), of: claim)
    }

    /// Tokens that waited for a gate, when it is open.
    func startGated() {
        guard !gated.isEmpty else { return }
        let now = MonotonicTime.now()
        guard leaseGate.isOpen(at: now), cache.isFresh(at: now) else { return }
        let slots = gated
        gated = []
        for slot in slots { start(flights[slot]) }
    }

    func giveBack(_ flight: Flight) {
        guard let claim = flight.claim else { return }
        finish(flight, FinishedToken(.delivery(claim.token), .back), of: claim)
    }

    /// The last word before the first byte.
    func judgePermit(attempt number: Int) -> Permit {
        let flight = flights[number]
        guard let claim = flight.claim, let webhook = flight.webhook, !claim.lane.isLost, !isOver else {
            return .cancel
        }
        let now = MonotonicTime.now()
        guard isUsable(claim.workspace), leaseGate.isOpen(at: now), cache.isFresh(at: now) else { return .wait }
        if webhook.isCurrent { return .go }
        // Changed: begun again with what it is now. Gone or disabled: given back.
        return claim.workspace.webhooks[webhook.id]?.isEnabled == true ? .wait : .cancel
    }

    // MARK: Ending

    func ended(_ result: AttemptResult) {
        let flight = flights[result.id]
        guard let claim = flight.claim, let webhook = flight.webhook else { return }
        flight.stage = .waiting
        switch result.outcome {
        case .notStarted(.wait):
            return start(flight)
        case .notStarted(.noLocalResources):
            starved.append(flight.number)
            return
        case .notStarted, .abandoned:
            return giveBack(flight)
        case .response, .failure, .blocked:
            break
        }
        let now = MonotonicTime.now()
        let isSuccess = result.outcome.isSuccess
        let opens = webhook.window.note(success: isSuccess, at: now)
        guard
            let judgement = AttemptJudgement(
                result.outcome, attemptsMade: claim.token.attempt, webhookVersion: webhook.version,
                milliseconds: Int64(AttemptPhases.milliseconds(result.phases.total)), windowOpens: opens,
                schedule: configuration.retrySchedule, randomness: .random(in: 0..<1))
        else { return giveBack(flight) }
        metrics.attemptEnded(judgement.error, result.phases, acceptedAt: claim.token.event.uuid.milliseconds)
        var line: [UInt8] = []
        if listsAttempts, !isSuccess || claim.token.event.isTest || now >= webhook.successListed + Self.listing {
            if isSuccess { webhook.successListed = now }
            line = attemptLine(result, judgement, claim)
        }
        finish(
            flight,
            FinishedToken(.delivery(claim.token), judgement.outcome, verdict: judgement.verdict, line: line),
            of: claim)
    }

    /// A target that this node may not send to at all, by its settings of today.
    private func settle(_ flight: Flight, blockedAt webhook: CachedWebhook) {
        flight.webhook = webhook
        ended(
            AttemptResult(
                id: flight.number, outcome: .blocked(reason: "the target is not allowed on this node"),
                phases: AttemptPhases()))
    }

    private func finish(_ flight: Flight, _ outcome: FinishedToken, of claim: Flight.Claim) {
        metrics.ended(with: outcome.outcome)
        claim.lane.add(outcome)
        release(flight)
        outcomeAdded(to: claim.lane)
    }

    private func attemptLine(
        _ result: AttemptResult, _ judgement: AttemptJudgement, _ claim: Flight.Claim
    ) -> [UInt8] {
        let detail: String? =
            switch result.outcome {
            case .failure(_, let detail): detail
            case .blocked(let reason): reason
            default: nil
            }
        return AttemptLine(
            at: wallClockMilliseconds(), event: claim.token.event, operation: claim.event.operation?.name ?? "",
            attempt: claim.token.attempt + 1, statusCode: judgement.status, error: judgement.error,
            retryIn: judgement.retryIn, duration: AttemptPhases.milliseconds(result.phases.total),
            phases: AttemptLine.Phases(
                resolve: AttemptPhases.milliseconds(result.phases.dns),
                connect: AttemptPhases.milliseconds(result.phases.connect),
                tls: AttemptPhases.milliseconds(result.phases.tls),
                response: AttemptPhases.milliseconds(result.phases.wait)),
            remoteAddress: result.remoteAddress, detail: detail, response: result.excerpt
        ).bytes
    }

    // MARK: Once a second

    private func reportSlow(_ flight: Flight) {
        guard flight.stage == .started, !flight.isReportedSlow, let claim = flight.claim else { return }
        flight.isReportedSlow = true
        guard !claim.lane.isLost else { return }
        claim.lane.add(FinishedToken(.delivery(claim.token), .running, verdict: .slow))
        outcomeAdded(to: claim.lane)
    }

    func sweep() {
        sender.forEachAttempt(runningFor: Self.long) { reportSlow(flights[$0]) }
        if !starved.isEmpty {
            logger.warning(
                "no descriptor, port or memory left for a connection", metadata: ["waiting": "\(starved.count)"])
            let slots = starved
            starved = []
            for slot in slots { start(flights[slot]) }
        }
        missingWebhooks.removeAll(keepingCapacity: true)
        let returning = strangers
        strangers = []
        for slot in returning { giveBack(flights[slot]) }
        startGated()
        tellOfRedis()
    }
}

extension DeliveryEngine: AttemptObserver {
    package nonisolated func permit(attempt id: Int) -> Permit {
        assumeIsolated { $0.judgePermit(attempt: id) }
    }

    package nonisolated func attemptEnded(_ result: AttemptResult) {
        assumeIsolated { $0.ended(result) }
    }
}
