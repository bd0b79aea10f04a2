import Logging
import NIOCore
import WebhookModel
import WebhookStore

// Outcomes: gathered, sent in batches, sent again until Redis has answered.
extension DeliveryEngine {
    var hasOutcomes: Bool {
        lane?.outcomes.isEmpty == false || lostLanes.contains { !$0.outcomes.isEmpty }
    }

    /// Outcomes go at once when nothing is on the way to Redis, else with the next reply or when a batch is full: the busier
    /// the node, the larger the batches.
    func outcomeAdded(to lane: Lane) {
        if callsInFlight == 0 || lane.outcomes.count >= LaneStore.maximumFinished { finishSignal.set() }
    }

    func finishOutcomes() async {
        while let session {
            await finishSignal.wait()
            while self.session === session, let lane = nextLaneWithOutcomes() {
                guard await sendOutcomes(of: lane, on: session) else { return }
            }
            await endWhenDrained()
        }
    }

    /// A retry that is due before the next tick gets one of its own; of later ones the ticks tell.
    private func tickWhenDue(_ outcomes: [FinishedToken]) {
        var earliest: Int64?
        for case .retry(let milliseconds) in outcomes.lazy.map(\.outcome) {
            earliest = min(earliest ?? milliseconds, milliseconds)
        }
        if let earliest, earliest < Milliseconds(configuration.lease).count / 15 {
            tickSignal.set(in: Milliseconds(earliest + 1))
        }
    }

    private func nextLaneWithOutcomes() -> Lane? {
        if let lane, !lane.outcomes.isEmpty { return lane }
        return lostLanes.first { !$0.outcomes.isEmpty }
    }

    /// - Returns: false when the lane of this node was lost.
    private func sendOutcomes(of lane: Lane, on session: LaneSession) async -> Bool {
        let outcomes = lane.firstOutcomes(atMost: LaneStore.maximumFinished)
        let sent = MonotonicTime.now()
        callsInFlight += 1
        do throws(StoreError) {
            defer { callsInFlight -= 1 }
            let reply = try await session.store.finish(outcomes, lane: lane.id)
            lane.confirmed(outcomes.count)
            tickWhenDue(outcomes)
            if reply.lost > 0 { metrics.claimsLost(reply.lost) }
            // Of a lane that was given up the reaper, or this node's own first try, may have been faster.
            if !lane.isLost { tokensLost += reply.lost }
            tell(of: reply.turns)
            lostLanes.removeAll { $0.isSettled }
            guard self.session === session else { return false }
            observe(version: reply.version, sent: sent, received: .now())
            return true
        } catch {
            lose(session, because: error)
            return false
        }
    }
}
