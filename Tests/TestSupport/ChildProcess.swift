import FoundationEssentials
package import Glibc

/// A process of a test: started with its output in a file, ended by its id.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// The id of the process, which is the id of its process group too.
    package let pid: pid_t
    /// Where the process's standard output goes.
    package let outputPath: String
    /// Where the process's standard error goes.
    package let errorPath: String
    private let ended = Ended()

    /// Starts `executable`, looked up in `PATH` unless it holds a slash.
    ///
    /// - Parameters:
    ///   - environment: The whole environment of the process, or nil for this one's.
    ///   - directory: An existing directory that takes the output files.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String]? = nil, directory: String,
        name: String
    ) throws {
        outputPath = "\(directory)/\(name).out"
        errorPath = "\(directory)/\(name).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // A socket of another test that a long-lived child inherited would stay open, and its port answer connections.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        for descriptor in 3..<Int32(min(limit.rlim_cur, 2048)) {
            posix_spawn_file_actions_addclose(&actions, descriptor)  // one that is not open is no error
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)

        let variables = environment ?? ProcessInfo.processInfo.environment
        var child: pid_t = 0
        let result = withCStrings([executable] + arguments) { argv in
            withCStrings(variables.map { "\($0.key)=\($0.value)" }) { envp in
                posix_spawnp(&child, executable, &actions, &attributes, argv, envp)
            }
        }
        guard result == 0 else {
            throw Failure(description: "cannot start \(executable): \(String(cString: strerror(result)))")
        }
        pid = child
    }

    deinit {
        if !ended.isKnown {
            _ = Glibc.kill(-pid, SIGKILL)
            _ = ended.wait(for: pid, options: 0)
        }
    }

    package var isRunning: Bool { ended.wait(for: pid, options: WNOHANG) == nil }

    /// Sends a signal to this process alone.
    package func signal(_ number: Int32) {
        if isRunning { _ = Glibc.kill(pid, number) }
    }

    /// Ends the process group at once and waits for it.
    package func kill() {
        if isRunning { _ = Glibc.kill(-pid, SIGKILL) }
        _ = ended.wait(for: pid, options: 0)
    }

    /// Waits for the end of the process; its exit status, or minus the number of the signal that ended it.
    package func exitStatus(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually(within: limit, "the end of process \(pid)") { !self.isRunning }
        return ended.wait(for: pid, options: WNOHANG) ?? -1
    }

    /// SIGTERM, then the exit status.
    package func terminate(within limit: Duration = .seconds(20)) async throws -> Int32 {
        signal(SIGTERM)
        return try await exitStatus(within: limit)
    }

    package var output: String { text(of: outputPath) }
    package var errorOutput: String { text(of: errorPath) }
}

private func text(of path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
}

private func withCStrings<R>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
) -> R {
    let pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers)
}
