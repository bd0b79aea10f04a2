import CoreMetrics
import WebhookModel
import WebhookStore

/// What a delivery node counts. A plain call on an atomic number for each: cheap enough for every attempt.
struct DeliveryMetrics: Sendable {
    private let delivered: Counter
    /// By the place of the error in `AttemptError.allCases`.
    private let failed: [Counter]
    private let outcomes: (delivered: Counter, retry: Counter, dead: Counter, returned: Counter)
    private let duration: Timer
    private let phases: (dns: Timer, connect: Timer, tls: Timer, response: Timer)
    private let acceptToDelivery: Timer
    private let lanesLost: Counter
    private let claimsLost: Counter

    init(factory: any MetricsFactory) {
        func attempts(_ result: String) -> Counter {
            Counter(label: "webhooks_attempts_total", dimensions: [("result", result)], factory: factory)
        }
        func outcome(_ name: String) -> Counter {
            Counter(label: "webhooks_delivery_outcomes_total", dimensions: [("outcome", name)], factory: factory)
        }
        func phase(_ name: String) -> Timer {
            Timer(label: "webhooks_attempt_phase_duration_seconds", dimensions: [("phase", name)], factory: factory)
        }
        delivered = attempts("delivered")
        failed = AttemptError.allCases.map { attempts($0.rawValue) }
        outcomes = (outcome("delivered"), outcome("retry"), outcome("dead"), outcome("returned"))
        duration = Timer(label: "webhooks_attempt_duration_seconds", factory: factory)
        phases = (phase("dns"), phase("connect"), phase("tls"), phase("response"))
        acceptToDelivery = Timer(label: "webhooks_accept_to_delivery_seconds", factory: factory)
        lanesLost = Counter(label: "webhooks_lanes_lost_total", factory: factory)
        claimsLost = Counter(label: "webhooks_claims_lost_total", factory: factory)
    }

    /// An attempt ended.
    ///
    /// - Parameter acceptedAt: When its event was accepted, in milliseconds since 1970.
    func attemptEnded(_ error: AttemptError?, _ times: AttemptPhases, acceptedAt: Int64) {
        note(times.total, duration)
        note(times.dns, phases.dns)
        note(times.connect, phases.connect)
        note(times.tls, phases.tls)
        note(times.wait, phases.response)
        if let error {
            if let index = AttemptError.allCases.firstIndex(of: error) { failed[index].increment() }
        } else {
            delivered.increment()
            acceptToDelivery.recordNanoseconds(max(0, wallClockMilliseconds() - acceptedAt) * 1_000_000)
        }
    }

    private func note(_ microseconds: UInt32, _ timer: Timer) {
        if microseconds > 0 { timer.recordNanoseconds(Int64(microseconds) * 1000) }
    }

    func laneLost() { lanesLost.increment() }
    func claimsLost(_ count: Int) { claimsLost.increment(by: count) }

    func ended(with outcome: Outcome) {
        switch outcome {
        case .delivered: outcomes.delivered.increment()
        case .retry: outcomes.retry.increment()
        case .dead: outcomes.dead.increment()
        case .back: outcomes.returned.increment()
        case .running: break
        }
    }
}

/// What a delivery node is doing at the moment; may be read from anywhere.
package struct DeliveryGauges: Sendable {
    package let attemptsInFlight: Int
    package let maximumInFlight: Int
    package let attemptsWaitingForHost: Int
    package let openConnections: Int
    package let connectionsOpened: Int
    package let hasLane: Bool
}
