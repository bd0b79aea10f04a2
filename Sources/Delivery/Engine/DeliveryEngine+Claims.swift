import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

// Claims: one after another, never cancelled in the middle.
extension DeliveryEngine {
    /// At most so many tokens a call: a script is to take less than 4 ms.
    private static let batch = 64
    /// Jobs of one workspace at a visit.
    private static let quantum = 8
    /// Bytes of bodies a call.
    private static let bytes = 1 << 20
    /// No event is larger by much; a call that stops short of its bytes by more had nothing left to take.
    private static let largestBody = 320 << 10
    /// Below so many free slots a claim waits a moment for more of them, so that a busy node claims in batches.
    private static let worthwhile = 16
    private static let moment: Milliseconds = 2

    func claimWork() async {
        while let session {
            await claimSignal.wait()
            while self.session === session, case .running = stop, mayClaimNow() {
                claimsInFlight += 1
                let claimed = await claimOnce(on: session)
                claimsInFlight -= 1
                guard claimed else { break }
            }
            // Nothing to claim, or no room: another wake token is waited for as soon as there is room.
            wakeSignal.set()
            if case .draining = stop { finishSignal.set() }
        }
    }

    private var deliveriesMayBeClaimed: Bool { work.deliveries && slots.free > 0 && slots.freeBytes > 0 }
    private var eventsMayBeClaimed: Bool {
        work.events && slots.free > 0 && slots.freeBytes > 0 && eventsHeld < 2 * Self.batch
    }
    private var suspectMayBeClaimed: Bool { work.suspects && suspect == nil && slots.free > 0 }

    private func mayClaimNow() -> Bool {
        guard deliveriesMayBeClaimed || eventsMayBeClaimed || suspectMayBeClaimed else { return false }
        let now = MonotonicTime.now()
        if now < claimsPausedUntil {
            claimSignal.set(in: Milliseconds(claimsPausedUntil.milliseconds(since: now) + 1))
            return false
        }
        if slots.free < min(Self.worthwhile, slots.capacity / 4), now < lastClaimAnswered + Self.moment {
            claimSignal.set(in: Self.moment)
            return false
        }
        return true
    }

    /// One call for each kind of which there may be something.
    ///
    /// - Returns: false when the lane was lost.
    private func claimOnce(on session: LaneSession) async -> Bool {
        do throws(StoreError) {
            if deliveriesMayBeClaimed { try await claimDeliveries(session) }
            if self.session === session, eventsMayBeClaimed { try await claimEvents(session) }
            if self.session === session, suspectMayBeClaimed { try await claimSuspect(session) }
            lastClaimAnswered = .now()
            return self.session === session
        } catch {
            lose(session, because: error)
            return false
        }
    }

    private func claimDeliveries(_ session: LaneSession) async throws(StoreError) {
        let (full, room) = shares.limits(of: slots, quantum: Self.quantum)
        let count = min(slots.free, Self.batch, room)
        let bytes = min(slots.freeBytes, Self.bytes)
        let slow = min(count, slots.freeSlow)
        slots.reserve(slots: count, bytes: bytes)
        callsInFlight += 1
        defer {
            callsInFlight -= 1
            slots.endReservation(slots: count, bytes: bytes)
        }
        guard let lane else { return }
        let sent = MonotonicTime.now()
        let reply = try await session.store.claimDeliveries(
            count: count, slow: slow, quantum: Self.quantum, bytes: bytes, full: full)
        guard self.session === session else {
            return giveBack(reply.deliveries.map { .delivery($0.token) }, to: lane)
        }
        // What is left when it took less than it might is not for this node now: a wake token or a tick tells of more.
        if reply.deliveries.count < count, bodyBytes(of: reply.deliveries) + Self.largestBody < bytes {
            work.deliveries = false
        }
        replied(version: reply.version, sent: sent, received: .now())
        take(reply.deliveries, lane: lane, isSuspect: false)
    }

    private func claimEvents(_ session: LaneSession) async throws(StoreError) {
        let bytes = min(slots.freeBytes, Self.bytes)
        slots.reserve(bytes: bytes)
        callsInFlight += 1
        defer {
            callsInFlight -= 1
            slots.endReservation(bytes: bytes)
        }
        guard let lane else { return }
        let sent = MonotonicTime.now()
        let reply = try await session.store.claimEvents(count: Self.batch, bytes: bytes)
        guard self.session === session else { return giveBack(reply.events.map { .event($0.token) }, to: lane) }
        if reply.events.count < Self.batch,
            reply.events.reduce(Self.largestBody, { $0 + $1.body.readableBytes }) < bytes
        {
            work.events = false
        }
        replied(version: reply.version, sent: sent, received: .now())
        for event in reply.events { _ = take(event, lane: lane, isSuspect: false) }
    }

    private func claimSuspect(_ session: LaneSession) async throws(StoreError) {
        slots.reserve(slots: 1)
        callsInFlight += 1
        defer {
            callsInFlight -= 1
            slots.endReservation(slots: 1)
        }
        guard let lane else { return }
        let sent = MonotonicTime.now()
        let reply = try await session.store.claimSuspect()
        guard self.session === session else {
            switch reply.suspect {
            case .event(let event): giveBack([.event(event.token)], to: lane)
            case .delivery(let delivery): giveBack([.delivery(delivery.token)], to: lane)
            case nil: ()
            }
            return
        }
        replied(version: reply.version, sent: sent, received: .now())
        switch reply.suspect {
        case nil: work.suspects = false
        case .event(let event):
            logger.notice("trying a suspect event alone", metadata: ["event": "\(event.token.event)"])
            suspect = take(event, lane: lane, isSuspect: true).map { .event($0) }
        case .delivery(let delivery):
            logger.notice("trying a suspect delivery alone", metadata: ["event": "\(delivery.token.event)"])
            take([delivery], lane: lane, isSuspect: true)
        }
    }

    /// Tokens of a lane that was lost while its reply was on the way: nothing of them has started.
    func giveBack(_ tokens: [LaneToken], to lane: Lane) {
        for token in tokens { lane.add(FinishedToken(token, .back)) }
        outcomeAdded(to: lane)
    }

    private func bodyBytes(of deliveries: [ClaimedDelivery]) -> Int {
        deliveries.reduce(0) { $0 + $1.body.readableBytes }
    }

    /// Holds claimed deliveries and starts what may start.
    private func take(_ deliveries: [ClaimedDelivery], lane: Lane, isSuspect: Bool) {
        var events: [EventID: HeldEvent] = [:]
        for delivery in deliveries {
            let event = events[delivery.token.event] ?? HeldEvent(id: delivery.token.event, stored: delivery.body)
            events[delivery.token.event] = event
            let flight = hold(
                Flight.Claim(
                    token: delivery.token, lane: lane, event: event, workspace: cache.workspace(delivery.workspace),
                    isSlow: delivery.endpointClass == .slow, isSuspect: isSuspect))
            if isSuspect { suspect = .delivery(slot: flight.number) }
            start(flight)
        }
    }
}
