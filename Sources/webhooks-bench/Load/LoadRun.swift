import FoundationEssentials
import NIOCore
import NIOHTTP1
import TestSupport

/// What a load test has found.
struct LoadResult: Sendable, Codable {
    var scenario = ""
    var sinkAlonePerSecond = 0
    var accepted = 0
    var refused = 0
    var received = 0
    var verified = 0
    var distinct = 0
    /// Slow webhooks' deliveries are not waited for.
    var slowWebhooks = 0
    var sendingSeconds = 0.0
    /// From the last event to the last arrival.
    var drainSeconds = 0.0
    /// Most events under way at a look.
    var mostUnderWay = 0
    var residentBytesFirst = 0
    var residentBytesLast = 0

    /// Everything accepted has arrived and verifies; more than once only where the deployment was disturbed.
    var isGood: Bool { refused == 0 && distinct == accepted && verified == received && accepted > 0 }

    var table: String {
        let rows = [
            ("sink alone", "\(sinkAlonePerSecond)/s"), ("accepted", "\(accepted)"), ("refused", "\(refused)"),
            ("received", "\(received) (\(distinct) distinct, \(verified) verified)"),
            ("lost", "\(accepted - distinct)"),
            ("duplicates", "\(received - distinct)"), ("sent for", "\(rounded(sendingSeconds)) s"),
            ("last arrival after", "\(rounded(drainSeconds)) s"), ("most under way", "\(mostUnderWay)"),
            ("memory first, last", "\(residentBytesFirst >> 20), \(residentBytesLast >> 20) MiB"),
        ]
        let lines = rows.map { name, value in "  \(name)\(String(repeating: " ", count: 20 - name.count))\(value)" }
        return "\(scenario): \(isGood ? "everything arrived" : "NOT AS IT SHOULD BE")\n" + lines.joined(separator: "\n")
    }
}

/// One load test from the measuring of the sink to the last arrival.
struct LoadRun: Sendable {
    let command: LoadCommand
    let targets: [LoadTarget]

    private static let filler = String(repeating: "x", count: 850)

    func run() async throws -> LoadResult {
        var result = LoadResult()
        result.scenario = command.scenario.rawValue
        result.sinkAlonePerSecond = try await sinkAlone()
        let receiver = try await CountingReceiver(
            listen: command.listen, target: command.target, secret: Backlog.secret)
        var registered: [(LoadTarget, String)] = []
        for target in targets {
            registered.append((target, try await target.register(target: receiver.target, secret: Backlog.secret)))
        }
        let sluggish = command.scenario == .slowEndpoints ? try await slowReceiver() : nil
        if let sluggish {
            for _ in 0..<command.slow {
                let id = try await targets[0].register(target: sluggish.target, secret: Backlog.secret)
                registered.append((targets[0], id))
            }
            result.slowWebhooks = command.slow
        }
        result.residentBytesFirst = memory
        do {
            try await load(&result, receiver)
        } catch {
            await remove(registered)
            throw error
        }
        let counts = try await receiver.stop()
        await remove(registered)
        _ = try await sluggish?.stop()
        (result.received, result.verified, result.distinct) = (counts.received, counts.verified, counts.distinct)
        result.residentBytesLast = memory
        return result
    }

    private var memory: Int { command.pid.reduce(0) { $0 + residentBytes($1) } }

    private func remove(_ webhooks: [(LoadTarget, String)]) async {
        for (target, id) in webhooks {
            do {
                try await target.delete(id)
            } catch {
                print("webhook \(id) could not be deleted: \(error)")
            }
        }
    }

    /// How many POSTs a second the receiver takes with nothing in between.
    private func sinkAlone() async throws -> Int {
        let receiver = try await CountingReceiver(listen: command.listen, target: nil, secret: Backlog.secret)
        let parts = command.listen.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw BenchFailure("--listen must be host:port") }
        let loop = PostLoop(
            host: String(parts[0]), port: port, path: "/hook", headers: ["content-type": "application/json"],
            body: ByteBuffer(string: Self.filler))
        let found = try await loop.run(connections: 64, count: 20_000)
        _ = try await receiver.stop()
        return Int(Double(found.answered) / found.seconds)
    }

    private func slowReceiver() async throws -> CountingReceiver {
        let parts = command.listen.split(separator: ":")
        let port = (Int(parts.last ?? "") ?? 9100) + 1
        return try await CountingReceiver(
            listen: "\(parts[0]):\(port)", target: nil, secret: Backlog.secret, delay: command.delay)
    }

    private func load(_ result: inout LoadResult, _ receiver: CountingReceiver) async throws {
        let start = ContinuousClock.now
        // A burst is everything at once: the open loop sends it in one second, or as fast as connections take it.
        let isBurst = command.scenario == .burst
        let seconds = isBurst ? 1 : command.seconds
        let rate = max(1, command.rate * (isBurst ? command.seconds : 1) / targets.count)
        let progress = Task(name: "progress") { try await showProgress(receiver) }
        let sent = try await withThrowingTaskGroup(of: OpenLoop.Result.self) { group in
            for target in targets {
                group.addTask {
                    try await target.openLoop().run(rate: rate, seconds: seconds, patience: 300) { number, intended in
                        ByteBuffer(
                            string:
                                #"{"event":"people.updated","record":{"id":"load-\#(number)","intended":\#(intended),"#
                                + #""text":"\#(Self.filler)"}}"#)
                    }
                }
            }
            return try await group.reduce(into: OpenLoop.Result()) { sum, part in
                sum.sent += part.sent
                sum.accepted += part.accepted
                sum.refused += part.sent - part.accepted
            }
        }
        result.accepted = sent.accepted
        result.refused = sent.refused
        result.sendingSeconds = (ContinuousClock.now - start) / .seconds(1)
        let lastSent = ContinuousClock.now
        do {
            try await eventually(within: .seconds(command.patience), "all arrivals") {
                receiver.counts.distinct >= sent.accepted
            }
        } catch is NotInTime {
            print("not everything arrived within \(command.patience) s")
        }
        result.drainSeconds = (ContinuousClock.now - lastSent) / .seconds(1)
        progress.cancel()
        result.mostUnderWay = (try? await progress.value) ?? 0  // cancelled before its first look
    }

    /// A line every five seconds; the most events of a target's rate that were not back yet.
    private func showProgress(_ receiver: CountingReceiver) async throws -> Int {
        let start = ContinuousClock.now
        var most = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(5))  // cancelled: the loop ends
            let passed = (ContinuousClock.now - start) / .seconds(1)
            let counts = receiver.counts
            let expected = min(command.rate * command.seconds, Int(Double(command.rate) * passed))
            most = max(most, expected - counts.distinct)
            let size = command.pid.isEmpty ? "" : ", memory \(memory >> 20) MiB"
            print("\(Int(passed)) s: \(counts.distinct) arrived\(size)")
        }
        return most
    }
}
