import ArgumentParser
import FoundationEssentials
import Glibc
import RedisClient
import WebhookStore

/// Waits until everything that was stored is delivered, and says how fast that went and what it cost.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Measures until every stored event is delivered.")

    @Option(help: "A process whose CPU time is measured: name=pid; several are allowed.")
    var pid: [String] = []
    @Option(help: "Seconds after which it gives up.")
    var limit = 300
    @Option(help: "Fail below this many deliveries a second.")
    var atLeast = 0

    func run() async throws {
        let processes = try pid.map { text -> (String, Int32) in
            let parts = text.split(separator: "=")
            guard parts.count == 2, let number = Int32(parts[1]) else { throw ValidationError("--pid name=pid") }
            return (String(parts[0]), number)
        }
        let connection = try await connect()
        let clock = ContinuousClock()
        let end = clock.now + .seconds(limit)
        let wanted = try await totals(connection)["accepted"] ?? 0
        // The clock starts with the first delivery: starting a process is not what is measured.
        var first = 0
        while first == 0 {
            guard clock.now < end else { throw ValidationError("nothing was delivered within \(limit) s") }
            first = try await totals(connection)["delivered"] ?? 0
            if first == 0 { try await clock.sleep(for: .milliseconds(2)) }
        }
        let start = clock.now
        let before = processes.map { cpuSeconds($0.1) }
        var delivered = first
        var final = first
        while final < wanted {
            guard clock.now < end else {
                throw ValidationError("\(final) of \(wanted) final within \(limit) s: \(try await totals(connection))")
            }
            try await clock.sleep(for: .milliseconds(20))
            let now = try await totals(connection)
            delivered = now["delivered"] ?? 0
            final = delivered + (now["dead"] ?? 0) + (now["dropped"] ?? 0)
        }
        let took = (clock.now - start) / .seconds(1)
        let count = Double(delivered - first)
        let rate = Int(count / took)
        print(
            "\(delivered - first) deliveries in \(Int(took * 1000)) ms: \(rate) a second; \(final - delivered) not delivered"
        )
        for (index, process) in processes.enumerated() {
            let used = cpuSeconds(process.1) - before[index]
            print("  \(process.0): \(Int(used * 1_000_000 / count * 10) / 10) µs of CPU a delivery")
        }
        print(
            "  totals: \(try await totals(connection).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
        )
        await connection.close()
        guard final == delivered, rate >= atLeast else { throw ExitCode.failure }
    }
}

/// User and system time of a process so far (proc(5)), in seconds; 0 when it is gone.
private func cpuSeconds(_ pid: Int32) -> Double {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return 0 }
    let text = String(decoding: data, as: UTF8.self)
    // The name in parentheses may hold anything; the fields are counted behind it.
    guard let close = text.lastIndex(of: ")") else { return 0 }
    let fields = text[close...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}
