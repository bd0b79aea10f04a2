import ArgumentParser
import Glibc
import WebhookModel
import WebhookStore

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks that nothing in Redis is lost, doubled or stuck. Only reads.",
        discussion: """
            Looks at everything twice, more than a lease apart, and reports what both looks saw: each token in one place, \
            references, counters, rings and lanes as they must be, nothing that nobody will remove. Exit status 0: all is \
            well; 1: something is broken, and each finding names the key. May run beside working nodes and may be \
            interrupted at any time.

            \(Setting.helpText(for: .doctor))
            """)

    @Flag(help: "One JSON object instead of text.")
    var json = false
    @OptionGroup var envFile: EnvFileOption

    func run() async throws {
        let configuration = try envFile.configuration()
        let showsProgress = isatty(STDERR_FILENO) == 1
        let report = try await configuration.withShard { shard throws(StoreError) in
            try await ShardDoctor(shard, pause: configuration.lease + .seconds(1)) { progress in
                if showsProgress { Self.show(progress) }
            }.examine()
        }
        if showsProgress { Self.clearLine() }
        printOutput(json ? Self.json(report) : Self.text(report))
        if !report.findings.isEmpty { throw ExitCode.failure }
    }

    private static func show(_ progress: ShardDoctor.Progress) {
        switch progress {
        case .reading(let pass, let count): writeLine("pass \(pass): \(count) keys")
        case .waiting(let pause):
            writeLine("waiting \(SettingText.write(pause)), more than a lease, for the second pass")
        }
    }

    /// Over the line before it.
    private static func writeLine(_ text: String) {
        let bytes = Array("\r\u{1b}[K\(text)".utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func clearLine() { writeLine("") }

    static func text(_ report: ShardDoctor.Report) -> String {
        let seen =
            "\(report.keys) keys, \(report.waitingEvents) events before fan-out, \(report.openDeliveries) open "
            + "deliveries, \(report.deadLetters) dead letters, \(report.poisonedEvents) poisoned events\n"
        guard !report.findings.isEmpty else { return "all is well: \(seen)" }
        return report.findings.map { "\($0)\n" }.joined() + "\(report.findings.count) findings: \(seen)"
    }

    static func json(_ report: ShardDoctor.Report) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("healthy", report.findings.isEmpty)
            writer.array("findings") { writer in
                for finding in report.findings {
                    writer.object { writer in
                        writer.member("rule", finding.rule.rawValue)
                        writer.member("key", finding.key)
                        writer.member("detail", finding.detail)
                    }
                }
            }
            writer.member("keys", Int64(report.keys))
            writer.member("waitingEvents", Int64(report.waitingEvents))
            writer.member("openDeliveries", Int64(report.openDeliveries))
            writer.member("deadLetters", Int64(report.deadLetters))
            writer.member("poisonedEvents", Int64(report.poisonedEvents))
            writer.member("passes", Int64(report.passes))
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}
