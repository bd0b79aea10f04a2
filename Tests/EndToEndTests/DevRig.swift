import FoundationEssentials
import Glibc
import TestSupport

/// `webhooks dev` in a directory of its own, on free ports.
final class DevRig: Sendable {
    let directory: TemporaryDirectory
    let executable: String
    let port: Int
    let healthPort: Int
    let receiverPort: Int

    init() throws {
        directory = try TemporaryDirectory()
        executable = try builtExecutable()
        port = try freePort()
        healthPort = try freePort()
        receiverPort = try freePort()
    }

    /// A server that a killed `dev` left goes with the test.
    deinit { if let pid = redisPID { kill(pid, SIGKILL) } }

    var dataDirectory: String { "\(directory.path)/data" }
    var socket: String { "\(dataDirectory)/redis.sock" }

    /// Starts `dev`; it may run already.
    func launch(_ name: String, environment more: [String: String] = [:]) throws -> ChildProcess {
        try command(
            [
                "dev", "--data-dir", dataDirectory, "--port", "\(port)", "--health-port", "\(healthPort)",
                "--receiver-port", "\(receiverPort)",
            ], name: name, environment: more)
    }

    /// Starts `dev` and waits for its three commands.
    func start(_ name: String) async throws -> (process: ChildProcess, commands: [String]) {
        let process = try launch(name)
        let commands = try await eventuallyValue(within: .seconds(30), "the commands of dev: \(process.errorOutput)") {
            guard process.isRunning else {
                throw ChildProcess.Failure(description: "dev ended: \(process.errorOutput)")
            }
            let lines = process.output.split(whereSeparator: \.isNewline).map(String.init)
            guard lines.last?.contains("Stop: Ctrl-C") == true else { return [String]?.none }
            return lines.filter { $0.hasPrefix("'") || $0.hasPrefix("curl ") }
        }
        return (process, commands)
    }

    /// Any command of the program, without settings of this process's environment.
    func command(
        _ arguments: [String], name: String, environment more: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            executable, arguments, environment: environment.merging(more) { $1 }, directory: directory.path,
            name: name)
    }

    /// `/bin/sh` in another folder than that of `dev`.
    func shell(_ script: String, name: String) throws -> ChildProcess {
        try ChildProcess(
            "/bin/sh", ["-c", "cd / && \(script)"], environment: environment, directory: directory.path, name: name)
    }

    private var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WEBHOOKS_") }
    }

    func text(of file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(dataDirectory)/\(file)") ?? Data(), as: UTF8.self)
    }

    /// The process of the server, nil when none runs.
    var redisPID: pid_t? {
        guard let pid = text(of: "redis.pid").split(whereSeparator: \.isNewline).first.flatMap({ pid_t($0) }),
            // One that ended and was not waited for has no working directory any more.
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) != nil
        else { return nil }
        return pid
    }

    /// The mode of a file in octal.
    func mode(of file: String) -> String? {
        var status = stat()
        guard stat("\(dataDirectory)/\(file)", &status) == 0 else { return nil }
        return String(status.st_mode & 0o777, radix: 8)
    }
}
