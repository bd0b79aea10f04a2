import FleetSupport
import Glibc
import TestSupport
import WebhookModel
import WebhookStore

/// A fleet under load to which a seeded schedule does everything that can go wrong, for some time.
package struct ChaosRun: Sendable {
    package enum Fault: String, CaseIterable, Sendable {
        case killDelivery = "delivery node killed"
        case killAPI = "API node killed"
        case pauseDelivery = "delivery node stopped for twice its lease"
        case restartDelivery = "delivery node restarted gracefully"
        case restartAPI = "API node restarted gracefully"
        case closeConnections = "all Redis connections closed"
        case killRedis = "Redis killed"
        case pauseRedis = "Redis stopped beyond the lease"
        case flushScripts = "script cache emptied"
    }

    package struct Report: Sendable {
        package let balance: Balance
        package let faults: [Fault: Int]
        /// From the end of each fault to ten deliveries more.
        package let recoveries: [(fault: Fault, time: Duration)]
        /// Looks at all invariants while everything moved.
        package let snapshots: Int
        /// What was broken at one of them, or what a node wrote as critical.
        package let broken: [String]
        package let longestOutage: Duration
        package let seconds: Int
        package let seed: UInt64
    }

    package let seed: UInt64
    package let duration: Duration
    package var rate = 200
    package var lease = Duration.seconds(5)
    /// Told after each fault.
    package var progress: @Sendable (String) -> Void = { _ in }

    package init(seed: UInt64, duration: Duration) {
        self.seed = seed
        self.duration = duration
    }

    package func run() async throws -> Report {
        let stage = try await FaultStage(
            apis: 2, deliveries: 3, receivers: 2, redis: FaultStage.durable, verifyingEvery: 4)
        stage.oracle.answer { request in
            // A few fail and are retried, some are slow.
            if request.number % 97 == 0 { return .status(500) }
            return .status(200, after: .milliseconds(request.number % 30))
        }
        await stage.startLoad(try await stage.subscribeMany(workspaces: 4, webhooks: 4), rate: max(1, rate / 4))
        try await stage.flowing()
        var random = SeededGenerator(seed: seed)
        var faults: [Fault: Int] = [:]
        var recoveries: [(Fault, Duration)] = []
        var broken: [String] = []
        var snapshots = 0
        let start = ContinuousClock.now
        var deck: [Fault] = []
        while ContinuousClock.now - start < duration {
            // Each kind once a round, in an order of its own.
            if deck.isEmpty { deck = Fault.allCases.shuffled(using: &random) }
            let fault = deck.removeLast()
            try await inject(fault, stage, &random)
            faults[fault, default: 0] += 1
            let over = ContinuousClock.now
            try await stage.flowing(10, within: .seconds(60))
            let time = ContinuousClock.now - over
            recoveries.append((fault, time))
            snapshots += 1
            broken += try await stage.broken().prefix(3)
            progress("\(fault.rawValue): recovered in \(time), \(await stage.acceptedCount) accepted")
            try await Task.sleep(for: .milliseconds(Int.random(in: 200...1500, using: &random)))
        }
        let balance = try await stage.settle(within: .seconds(120))
        broken += try await doctor(stage)
        let outage = await stage.producers.map(\.longestOutage).max() ?? .zero
        try await stage.strike()
        return Report(
            balance: balance, faults: faults, recoveries: recoveries.map { (fault: $0.0, time: $0.1) },
            snapshots: snapshots, broken: broken, longestOutage: outage,
            seconds: Int((ContinuousClock.now - start).components.seconds), seed: seed)
    }

    private func inject(
        _ fault: Fault, _ stage: FaultStage, _ random: inout SeededGenerator
    ) async throws {
        let delivery = Int.random(in: 0..<3, using: &random)
        let api = Int.random(in: 0..<2, using: &random)
        switch fault {
        case .killDelivery:
            await stage.killDelivery(delivery)
            try await stage.startDelivery()
        case .killAPI:
            await stage.killAPI(api)
            try await stage.startAPI()
        case .pauseDelivery:
            let node = await stage.deliveryNodes[delivery]
            node.process.signal(SIGSTOP)
            try await Task.sleep(for: lease * 2)
            node.process.signal(SIGCONT)
        case .restartDelivery:
            _ = try await stage.stopDelivery(delivery)
            try await stage.startDelivery()
        case .restartAPI:
            _ = try await stage.stopAPI(api)
            try await stage.startAPI()
        case .closeConnections: try await stage.killConnections()
        case .killRedis: try await stage.killRedis()
        case .pauseRedis:
            stage.fleet.redis.pause()
            try await Task.sleep(for: lease + .seconds(2))
            stage.fleet.redis.resume()
        case .flushScripts: _ = try await stage.view.execute("SCRIPT", "FLUSH")
        }
    }

    /// What `webhooks doctor` itself says at the end.
    private func doctor(_ stage: FaultStage) async throws -> [String] {
        let result = try await stage.fleet.run(["doctor"])
        return result.status == 0 ? [] : ["doctor: \(result.output)\(result.errorOutput)"]
    }
}

extension ChaosRun.Report {
    /// A median and the longest of the recovery times of one fault.
    package func recovery(of fault: ChaosRun.Fault) -> (median: Duration, longest: Duration)? {
        let times = recoveries.filter { $0.fault == fault }.map(\.time).sorted()
        guard let last = times.last else { return nil }
        return (times[times.count / 2], last)
    }

    package var isClean: Bool { balance.lost.isEmpty && balance.problems.isEmpty && broken.isEmpty }

    /// As `docs/reliability.md` shows it.
    package var text: String {
        var lines = [
            "seed \(seed), \(seconds) s, \(faults.values.reduce(0, +)) faults, \(snapshots) looks at all invariants",
            balance.summary,
            "longest time a producer went without a 202: \(longestOutage)", "",
            "| Fault | Times | Recovery, median | Recovery, longest |", "|---|---|---|---|",
        ]
        for fault in ChaosRun.Fault.allCases {
            guard let times = recovery(of: fault) else { continue }
            lines.append(
                "| \(fault.rawValue) | \(faults[fault] ?? 0) | \(Self.write(times.median)) | \(Self.write(times.longest)) |"
            )
        }
        lines += balance.problems.map { "PROBLEM: \($0)" } + broken.map { "BROKEN: \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ time: Duration) -> String { "\(time.milliseconds) ms" }
}
