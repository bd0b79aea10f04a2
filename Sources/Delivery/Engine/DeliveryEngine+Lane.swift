import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

// The lane: one connection, one lease; another one after every fault.
extension DeliveryEngine {
    /// Opens one lane after the other, until the node stops.
    func holdLanes() async {
        var backoff = Backoff(first: 25, limit: 1000)
        while !mayEnd {
            let began = MonotonicTime.now()
            do throws(StoreError) {
                try await openLane()
                await serveLane()
                if MonotonicTime.now().milliseconds(since: began) > 2000 { backoff.reset() }
            } catch {
                redisIsAway(error)
            }
            guard !mayEnd else { return }
            try? await Task.sleep(for: .milliseconds(backoff.next().count))  // cancelled: the loop ends
        }
    }

    /// Whether nothing is left to be done, or nothing can be done any more.
    private var mayEnd: Bool {
        if isOver { return true }
        guard case .draining(let until) = stop else { return false }
        // Without Redis nothing can be told: the reaper gives back what is on the lanes.
        return isDrained || MonotonicTime.now() >= until
    }

    private func openLane() async throws(StoreError) {
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try await RedisConnection.connect(configuration.redis, on: eventLoop, logger: logger)
        } catch {
            throw .redis(error)
        }
        let store = LaneStore(Shard(connection, limits: configuration.limits), lane: "\(UUIDValue.random())")
        do throws(StoreError) {
            let sent = MonotonicTime.now()
            let opened = try await store.open(
                lease: configuration.lease,
                facts: [
                    ("host", NodeName.host), ("pid", "\(NodeName.processID)"), ("version", configuration.version),
                ])
            for lost in lostLanes where !lost.isAbandoned {
                _ = try await store.abandon(lost.id)  // false: the reaper was there first
                lost.isAbandoned = true
            }
            guard !isOver else { throw .redis(.cancelled) }
            begin(LaneSession(connection: connection, store: store), version: opened.version, sent: sent)
        } catch {
            await connection.close()
            throw error
        }
    }

    private func begin(_ session: LaneSession, version: Int64, sent: MonotonicTime) {
        self.session = session
        lane = Lane(id: session.store.lane)
        sender.ownListeners.insert(session.connection.remoteAddress)
        cache.forgetAll()
        cache.observe(version: version, sent: sent, received: .now())
        leaseGate.shut()
        leaseGate.renewalAnswered(sentAt: sent)
        readiness.renewed(at: sent)
        work = WorkHints(events: true, deliveries: true, suspects: true)
        isRedisAway = false
        factsSignal.set()
        logger.debug("lane opened", metadata: ["lane": "\(session.store.lane)"])
    }

    /// Lives on the lane until it is lost or closed.
    private func serveLane() async {
        guard let connection = session?.connection else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "tick") { await self.renewLane() }
            group.addTask(name: "claim") { await self.claimWork() }
            group.addTask(name: "fan-out") { await self.fanOutEvents() }
            group.addTask(name: "finish") { await self.finishOutcomes() }
            group.addTask(name: "connection") { await self.watchConnection() }
            claimSignal.set()
            finishSignal.set()
            await sessionEndSignal.wait()
            await connection.close()
        }
        // Set for loops that had ended by themselves: not for those of the next lane.
        for signal in laneSignals { signal.clear() }
    }

    private func watchConnection() async {
        guard let session else { return }
        await session.connection.untilClosed()
        lose(session, because: .redis(.outcomeUnknown("the connection was closed")))
    }

    // MARK: Ending

    /// Gives the lane up: another one is opened, nothing more is started for this one, what has not started goes back.
    func lose(_ session: LaneSession, because error: StoreError) {
        guard self.session === session, let lane else { return }
        self.session = nil
        self.lane = nil
        if !isOver { redisIsAway(error) }
        lanesLost += 1
        lane.isLost = true
        metrics.laneLost()
        lostLanes.append(lane)
        leaseGate.shut()
        cache.forgetAll()
        giveBackWhatWaits()
        endSession()
    }

    private var laneSignals: [Signal] { [claimSignal, fanOutSignal, finishSignal, tickSignal, sessionEndSignal] }

    /// Lets the tasks of a lane that has ended go on to their ends.
    private func endSession() {
        for signal in laneSignals { signal.set() }
    }

    private func redisIsAway(_ error: StoreError) {
        guard !isRedisAway, !isOver else { return }
        isRedisAway = true
        lastRedisError = "\(error)"
        readiness.lost(because: "Redis is away")
    }

    /// Whether every token is settled and Redis has confirmed it.
    var isDrained: Bool {
        guard case .draining = stop else { return false }
        return slots.held == 0 && eventsHeld == 0 && claimsInFlight == 0 && !hasOutcomes
    }

    /// Closes the lane when the node stops and nothing is on it any more.
    func endWhenDrained() async {
        guard isDrained, !isOver, let session else { return }
        isOver = true
        do throws(StoreError) {
            if try await !session.store.close() {
                logger.warning("the lane is not empty: the reaper takes what is on it")
            }
        } catch {
            logger.warning("the lane could not be closed", metadata: ["reason": "\(error)"])
        }
        self.session = nil
        lane = nil
        endSession()
    }

    func drain() {
        guard case .running = stop, !isOver else { return }
        stop = .draining(until: .now() + (Milliseconds(configuration.attemptTimeout) + 5000))
        logger.info("stopping", metadata: ["held": "\(slots.held)"])
        readiness.stopping()
        giveBackWhatWaits()
        // Attempts that wait for their host's turn come back at once, the others run to their ends.
        _ = sender.shutdown(abandoningAttempts: false)
        claimSignal.set()
        finishSignal.set()
        tickSignal.set()
    }

    /// As if the process died here: what is on the lane stays there.
    func abort() {
        isOver = true
        session = nil
        lane = nil
        leaseGate.shut()
        subscriptionSignal.set()
        wakeSignal.set()
        factsSignal.set()
        endSession()
    }

    // MARK: Renewing

    private func renewLane() async {
        let interval = Milliseconds(configuration.lease) / 15
        while let session {
            let sent = MonotonicTime.now()
            let reply: TickReply
            callsInFlight += 1
            do throws(StoreError) {
                defer { callsInFlight -= 1 }
                reply = try await session.store.tick(lease: configuration.lease)
            } catch {
                return lose(session, because: error)
            }
            guard self.session === session else { return }
            guard reply.isAlive else { return lose(session, because: .fenced) }
            let received = MonotonicTime.now()
            leaseGate.renewalAnswered(sentAt: sent)
            readiness.renewed(at: sent)
            replied(version: reply.version, sent: sent, received: received)
            tell(of: reply.turns)
            startGated()
            if reply.workWaits {
                work.somethingWaits()
                work.suspects = true
                claimSignal.set()
            }
            if case .draining(let until) = stop, received >= until { endInAnyCase() }
            if reply.callAgain { continue }
            tickSignal.set(in: pause(after: reply, interval: interval, sent: sent, now: received))
            await tickSignal.wait()
        }
    }

    /// Until a fifteenth of the lease has passed since the last tick was sent, or the earliest due time has come.
    private func pause(
        after reply: TickReply, interval: Milliseconds, sent: MonotonicTime, now: MonotonicTime
    ) -> Milliseconds {
        let rest = Milliseconds(max(1, interval.count - now.milliseconds(since: sent)))
        guard let due = reply.nextDue else { return rest }
        return min(rest, Milliseconds(max(10, due - reply.now + 1)))
    }

    /// The time to stop is over: what still runs is cut off and given back, and after a last second everything ends.
    private func endInAnyCase() {
        logger.warning("the time to stop is over", metadata: ["held": "\(slots.held)"])
        if !isCutOff {
            isCutOff = true
            stop = .draining(until: .now() + 1000)
            _ = sender.shutdown(abandoningAttempts: true)
            return
        }
        isOver = true
        session = nil
        lane = nil
        endSession()
    }

    /// A reply of the lane's connection: news for the cache, and a moment to send outcomes that have gathered.
    func replied(version: Int64, sent: MonotonicTime, received: MonotonicTime) {
        observe(version: version, sent: sent, received: received)
        if hasOutcomes { finishSignal.set() }
    }
}
