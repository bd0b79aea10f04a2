import ArgumentParser
import FoundationEssentials
import Glibc
import TestSupport

/// Everything that the budgets are about, in one run on one machine.
struct SuiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suite", abstract: "Measures everything that the budgets are about and prints tables.")

    @Flag(help: "Fewer and shorter cases: at most five minutes on two cores.")
    var quick = false
    @Option(help: "Only these parts, comma separated: accept, drain, redis, latency, memory, match, growth.")
    var only: String?
    @Option(help: "A Markdown file that gets the tables as a dated section at its top.")
    var write: String?
    @Option(help: "What the section names as the measured commit.")
    var commit = "unknown"
    @Flag(help: "Exit with 1 when a budget does not hold.")
    var strict = false

    func run() async throws {
        let certificates = try await SinkCertificates()
        let started = ContinuousClock.now
        var report = Report()
        let parts = only.map { Set($0.split(separator: ",").map(String.init)) }
        let scale = quick ? 1 : 4
        for (name, part) in Self.parts where parts?.contains(name) ?? true {
            try await part(scale, certificates, &report)
        }
        print("took \((ContinuousClock.now - started).components.seconds) s")
        for text in report.broken { print("BROKEN: \(text)") }
        if let write { try prepend(report, to: write) }
        if strict, !report.broken.isEmpty { throw ExitCode.failure }
    }

    private typealias Part = @Sendable (Int, SinkCertificates, inout Report) async throws -> Void

    private static let parts: [(String, Part)] = [
        ("match", { try MatchCases(scale: $0).run(&$2) }),
        ("drain", { try await DrainCases(scale: $0, certificates: $1).run(&$2) }),
        ("accept", { try await AcceptCases(scale: $0, certificates: $1).run(&$2) }),
        ("latency", { try await LatencyCases(scale: $0, certificates: $1).run(&$2) }),
        ("memory", { try await MemoryCases(scale: $0, certificates: $1).run(&$2) }),
        ("growth", { try await GrowthCases(scale: $0, certificates: $1).run(&$2) }),
    ]

    /// The newest section stands first, behind the text at the head of the file.
    private func prepend(_ report: Report, to path: String) throws {
        let old = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let date = Date.now.formatted(.iso8601.year().month().day())
        let section =
            "## \(date), commit \(commit)\(quick ? ", quick" : "")\n\n\(Machine.description)\n\n\(report.markdown)\n\n"
        let marker = "<!-- results: newest first -->\n"
        let text =
            if let range = old.firstRange(of: marker) {
                old[..<range.upperBound] + "\n" + section + old[range.upperBound...].drop { $0 == "\n" }
            } else {
                old + "\n" + marker + "\n" + section
            }
        try String(text).write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// What machine this is.
enum Machine {
    static var description: String {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / (1 << 30)
        let model = FileManager.default.contents(atPath: "/proc/cpuinfo").flatMap { data in
            String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("model name") }?.split(separator: ":").last
        }
        return
            "\(cores) cores\(model.map { " (\($0.drop { $0 == " " }))" } ?? ""), \(memory) GiB; everything on this machine."
    }
}
