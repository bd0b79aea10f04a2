import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

// Fan-out: matching, and writing a token for each webhook that matched.
extension DeliveryEngine {
    /// Holds a claimed event until its fan-out is complete.
    ///
    /// - Returns: nil when its body names no operation.
    func take(_ claimed: ClaimedEvent, lane: Lane, isSuspect: Bool) -> FanOutJob? {
        let event = HeldEvent(id: claimed.token.event, stored: claimed.body)
        guard let operation = event.operation else {
            // Nothing in this version writes such a body. It stays on the lane, for whoever can read it: given back at once it
            // would be claimed at once.
            logger.error("cannot read a stored event", metadata: ["event": "\(claimed.token.event)"])
            lane.unreadable.append(claimed.token)
            return nil
        }
        let workspace = cache.workspace(claimed.token.workspace)
        let job = FanOutJob(
            token: claimed.token, lane: lane, event: event, workspace: workspace, operation: operation,
            cursor: claimed.cursor, isSuspect: isSuspect)
        eventsHeld += 1
        workspace.holders += 1
        hold(event)
        enqueue(job)
        return job
    }

    /// Puts a job where it can go on: to the others, or behind its workspace's load.
    func enqueue(_ job: FanOutJob) {
        if isStopping || job.lane.isLost {
            giveBack(job)
        } else if isUsable(job.workspace) {
            fanOuts.append(job)
            fanOutSignal.set()
        } else {
            job.workspace.waitingEvents.append(job)
            requestLoad(of: job.workspace)
        }
    }

    func fanOutEvents() async {
        while let session {
            await fanOutSignal.wait()
            while self.session === session, let plan = nextPlan() {
                do throws(StoreError) {
                    try await fanOut(plan, on: session)
                } catch {
                    // Whether it was written is not known: what Redis has of it is on the lane, and the lane is given up.
                    putBack(plan)
                    return lose(session, because: error)
                }
            }
        }
    }

    /// Takes jobs off the queue for one call; those whose workspace has changed meanwhile go behind its load.
    private func nextPlan() -> FanOutPlan? {
        guard !fanOuts.isEmpty, !cache.needsChanges else { return nil }
        var plan = FanOutPlan(
            freeSlots: isStopping ? 0 : slots.free, workspaceCapacity: slots.workspaceCapacity)
        var rest: [FanOutJob] = []
        var isFull = false
        for job in fanOuts {
            if isFull {
                rest.append(job)
            } else if !isUsable(job.workspace) {
                job.workspace.waitingEvents.append(job)
                requestLoad(of: job.workspace)
            } else if !plan.add(job) {
                rest.append(job)
                isFull = true
            }
        }
        fanOuts = rest
        return plan.chunks.isEmpty ? nil : plan
    }

    private func fanOut(_ plan: FanOutPlan, on session: LaneSession) async throws(StoreError) {
        slots.reserve(slots: plan.room)
        callsInFlight += 1
        defer {
            callsInFlight -= 1
            slots.endReservation(slots: plan.room)
        }
        guard let lane else { return putBack(plan) }
        let sent = MonotonicTime.now()
        let reply = try await session.store.fanOut(plan.chunks.map(\.call), room: plan.room)
        guard self.session === session else {
            giveBack(reply.started.map { .delivery($0) }, to: lane)
            return putBack(plan)
        }
        guard reply.statuses.count == plan.chunks.count else {
            throw .redis(.unexpectedReply("\(reply.statuses.count) answers to \(plan.chunks.count) chunks"))
        }
        replied(version: reply.version, sent: sent, received: .now())
        startStraight(reply.started, of: plan, lane: lane)
        for (chunk, status) in zip(plan.chunks, reply.statuses) { settle(chunk, status) }
        claimSignal.set()
    }

    /// The tokens that came straight to the lane are sent from the bodies at hand.
    private func startStraight(_ tokens: [DeliveryToken], of plan: FanOutPlan, lane: Lane) {
        guard !tokens.isEmpty else { return }
        var jobs: [EventID: FanOutJob] = [:]
        for chunk in plan.chunks { jobs[chunk.job.token.event] = chunk.job }
        for token in tokens {
            guard let job = jobs[token.event] else {
                logger.error("a token of an event that was not fanned out", metadata: ["event": "\(token.event)"])
                giveBack([.delivery(token)], to: lane)
                continue
            }
            start(
                hold(
                    Flight.Claim(
                        token: token, lane: lane, event: job.event, workspace: job.workspace, isSlow: false,
                        isSuspect: false)))
        }
    }

    private func settle(_ chunk: PlannedChunk, _ status: FanOutReply.Status) {
        let job = chunk.job
        switch status {
        case .written where chunk.isLast:
            release(job)
        case .written:
            job.cursor = chunk.nextCursor
            enqueue(job)
        case .stale:
            // Its cursor is not where this node left it: whoever claims it next is told where it stands.
            giveBack(job)
        case .lost:
            tokensLost += 1
            release(job)
        }
    }

    private func putBack(_ plan: FanOutPlan) {
        for chunk in plan.chunks { giveBack(chunk.job) }
    }

    func giveBack(_ job: FanOutJob) {
        job.lane.add(FinishedToken(.event(job.token), .back))
        release(job)
        outcomeAdded(to: job.lane)
    }

    private func release(_ job: FanOutJob) {
        eventsHeld -= 1
        job.workspace.holders -= 1
        release(job.event)
        if case .event(let held) = suspect, held === job {
            suspect = nil
            work.suspects = true
        }
    }
}
