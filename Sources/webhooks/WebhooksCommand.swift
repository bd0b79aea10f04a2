import ArgumentParser

import Glibc

/// The program: one executable, a command for each role.
@main
struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "Delivers events to webhooks, signed, retried, and never lost.",
        discussion: "Start with `webhooks dev`: everything on this machine, nothing else needed.",
        version: ProductVersion.text,
        subcommands: [
            DevCommand.self, APICommand.self, DeliveryCommand.self, KeysCommand.self, ReceiverCommand.self,
            DeadCommand.self, TopCommand.self, EndpointsCommand.self, EventsCommand.self, DoctorCommand.self,
            SecretsCommand.self, HealthCommand.self, SettingsCommand.self,
        ])

    static func main() async {
        // A broken pipe is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        await main(nil)
    }
}

/// Exit statuses beside 0 and 1, as sysexits.h has them.
enum ExitStatus {
    /// Redis is not there, or refuses.
    static let unavailable = ExitCode(69)
    /// A setting is wrong.
    static let configuration = ExitCode(78)
}

/// `--env-file`, which every command with settings has.
struct EnvFileOption: ParsableArguments {
    @Option(name: .customLong("env-file"), help: "A file of NAME=value lines; the environment goes before it.")
    var path: String?

    /// Reads and checks all settings; prints what is wrong and ends with status 78.
    func configuration() throws -> NodeConfiguration {
        do throws(ConfigurationFailure) {
            return try NodeConfiguration.read(envFile: path)
        } catch {
            printError("webhooks: wrong settings\n\(error.problems.map { "  \($0)" }.joined(separator: "\n"))")
            throw ExitStatus.configuration
        }
    }
}

/// Writes a line to standard error.
func printError(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Writes a text to standard output, whole and at once.
func printOutput(_ text: String) {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        written += count
    }
}
