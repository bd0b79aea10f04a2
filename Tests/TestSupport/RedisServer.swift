import FoundationEssentials
package import Glibc

/// A private redis-server on a unix socket (and a free TCP port when asked for), ended with the value.
package final class RedisServer: Sendable {
    package let directory: TemporaryDirectory
    /// The path of the unix socket.
    package let socketPath: String
    /// The TCP port, 0 when there is none.
    package let port: Int
    private let arguments: [String]
    private let process: Running

    /// `unix://…`, as `WEBHOOKS_REDIS_URL` takes it.
    package var url: String { "unix://\(socketPath)" }
    package var pid: pid_t { process.current.pid }

    /// Starts a server without persistence and waits until it answers.
    ///
    /// - Parameters:
    ///   - tcp: Whether it listens on a free port of 127.0.0.1 as well.
    ///   - options: More of redis-server's own options, such as `["--requirepass", "secret"]`.
    package static func start(tcp: Bool = false, options: [String] = []) async throws -> RedisServer {
        let server = try RedisServer(tcp: tcp, options: options)
        try await server.untilItAnswers()
        return server
    }

    private init(tcp: Bool, options: [String]) throws {
        directory = try TemporaryDirectory()
        socketPath = "\(directory.path)/redis.sock"
        port = tcp ? try freePort() : 0
        arguments =
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socketPath, "--dir", directory.path,
                "--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "notice",
            ] + options
        process = try Running(ChildProcess("redis-server", arguments, directory: directory.path, name: "redis"))
    }

    /// Ends the server with SIGKILL; what is not on disk is gone.
    package func kill() { process.current.kill() }

    /// Starts it again with the same options, after ``kill()``.
    package func restart() async throws {
        process.current.kill()
        unlink(socketPath)
        process.replace(with: try ChildProcess("redis-server", arguments, directory: directory.path, name: "redis"))
        try await untilItAnswers()
    }

    /// SIGSTOP: it hangs without dying.
    package func pause() { process.current.signal(SIGSTOP) }
    package func resume() { process.current.signal(SIGCONT) }
    package var log: String { process.current.output }

    private func untilItAnswers() async throws {
        try await eventually(within: .seconds(20), "redis-server to answer: \(log)") {
            guard self.process.current.isRunning else {
                throw ChildProcess.Failure(description: "redis-server ended: \(self.log)")
            }
            return self.process.current.output.contains("Ready to accept connections")
                || self.process.current.output.contains("ready to accept connections at")
        }
        try await eventually(within: .seconds(20), "redis-server's socket") { canConnect(to: self.socketPath) }
    }
}

private func canConnect(to path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    return withUnsafeMutablePointer(to: &address) { pointer in
        withUnsafeMutableBytes(of: &pointer.pointee.sun_path) { field in
            guard bytes.count < field.count else { return false }
            field.copyBytes(from: bytes)
            return true
        }
            && pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
    }
}
