import ArgumentParser
import FaultHarness
import Glibc

/// Does everything that can go wrong to a fleet under load, and counts what was lost.
@main
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks-chaos",
        abstract: "Kills, stops and cuts off nodes and Redis under load, and counts what was lost.",
        discussion: "Starts everything itself, on this machine alone. Exit status 1 when something was lost or broken.")

    @Option(help: "How long, in minutes.")
    var minutes = 10
    @Option(help: "The same seed does the same faults in the same order.")
    var seed: UInt64 = 1
    @Option(help: "Events a second in all.")
    var rate = 200

    func validate() throws {
        guard (1...1440).contains(minutes) else { throw ValidationError("--minutes must be from 1 to 1440") }
        guard (4...10_000).contains(rate) else { throw ValidationError("--rate must be from 4 to 10000") }
    }

    func run() async throws {
        var chaos = ChaosRun(seed: seed, duration: .seconds(minutes * 60))
        chaos.rate = rate
        chaos.progress = { text in ChaosCommand.tell(text) }
        let report = try await chaos.run()
        print(report.text, terminator: "")
        if !report.isClean { throw ExitCode.failure }
    }

    private static func tell(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
