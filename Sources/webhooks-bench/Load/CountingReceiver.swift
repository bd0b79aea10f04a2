import Glibc
import TestSupport

/// A `webhooks receiver` that counts and verifies what arrives.
final class CountingReceiver: Sendable {
    struct Counts: Sendable, Codable, Hashable {
        var received = 0
        var verified = 0
        var distinct = 0
    }

    let target: String
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - listen: Where it listens, `host:port`.
    ///   - target: How delivery nodes reach it; nil for the address that it listens on.
    ///   - delay: How long it waits before each answer, such as `5s`.
    init(listen: String, target: String?, secret: String, delay: String? = nil) async throws {
        directory = try TemporaryDirectory()
        var arguments = ["receiver", "--listen", listen, "--secret", secret, "--quiet", "--distinct"]
        if let delay { arguments += ["--delay", delay] }
        process = try ChildProcess(
            try builtExecutable(), arguments, directory: directory.path, name: "receiver")
        self.target = target ?? "http://\(listen)/hook"
        let process = process
        try await eventually(within: .seconds(10), "a receiver on \(listen): \(process.errorOutput)") {
            guard process.isRunning else { throw BenchFailure("receiver: \(process.errorOutput)") }
            return process.output.contains("receiver on")
        }
    }

    /// What the last line of its output says.
    var counts: Counts { Self.counts(process.output) }

    /// Ends it; its last counts.
    func stop() async throws -> Counts {
        _ = try await process.terminate()
        return Self.counts(process.output)
    }

    private static func counts(_ output: String) -> Counts {
        guard let line = output.split(whereSeparator: \.isNewline).last(where: { $0.contains("received ") }) else {
            return Counts()
        }
        func number(_ name: String) -> Int {
            guard let range = line.firstRange(of: name + " ") else { return 0 }
            return Int(line[range.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        return Counts(received: number("received"), verified: number(", verified"), distinct: number("distinct"))
    }
}
