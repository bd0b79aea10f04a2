import Glibc
import Logging
import RedisClient
import ServiceLifecycle
import Subprocess
import SystemPackage
import WebhookStore

/// The redis-server of `dev`: started by it, ended with it, started again when it dies, and taken over when a killed
/// `dev` left it running. There is never a second one on the same data.
struct DevRedis: Service {
    let directory: DataDirectory
    let logger: Logger

    /// For setting up and shutting down. Patient: a server that starts on a busy disk may take seconds to answer.
    var configuration: RedisConfiguration {
        RedisConfiguration(
            address: .unix(path: directory.socketPath), clientName: "webhooks-dev", connectTimeout: .seconds(10),
            commandTimeout: .seconds(30))
    }

    private var log: String { "\(directory.path)/redis.log" }

    /// Takes over the server that works in the data directory, or starts one; returns when it answers.
    func start() async throws {
        do {
            try await startServer()
            try await rewrite()
        } catch let error as RedisError {
            await shutDown()
            throw DevFailure(description: "redis-server: \(error): see \(log)")
        }
    }

    private func startServer() async throws {
        if try await isTakenOver() {
            logger.info("taking over the redis-server that an earlier run left")
        } else {
            unlink(directory.socketPath)  // of a server that is gone
            try await spawn()
            guard try await answers(within: .seconds(60)) else {
                throw DevFailure(description: "redis-server does not answer: see \(log)")
            }
        }
    }

    /// Whether a server that was there already answers. One that does not is told to end.
    private func isTakenOver() async throws -> Bool {
        let found = ServerProcess.all(in: directory.path)
        guard !found.isEmpty else { return false }
        // It may be reading its file; without a socket nobody will ever reach it.
        let hasSocket = access(directory.socketPath, F_OK) == 0
        if hasSocket, try await answers(within: .seconds(20)) { return true }
        logger.warning("the redis-server of an earlier run does not answer and is told to end")
        for process in found { process.terminate() }
        guard try await holds(within: .seconds(10), { ServerProcess.all(in: directory.path).isEmpty }) else {
            let pids = found.map { "\($0.pid)" }.joined(separator: ", ")
            throw DevFailure(
                description: "a redis-server (process \(pids)) uses \(directory.path), and neither answers nor ends; "
                    + "end it with: kill -9 \(pids)")
        }
        return false
    }

    private func spawn() async throws {
        // In a session of its own, so that Ctrl-C in the terminal reaches `dev` alone, which then ends it in order.
        var options = PlatformOptions()
        options.createSession = true
        let output = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        defer { try? output.close() }  // the server has its own descriptor by now
        let result: ExecutionResult<Void, FileDescriptorOutput, FileDescriptorOutput>
        do {
            result = try await Subprocess.run(
                .name("redis-server"),
                arguments: Arguments([
                    "--daemonize", "yes", "--port", "0", "--unixsocket", directory.socketPath, "--unixsocketperm",
                    "700", "--dir", directory.path, "--logfile", log, "--pidfile", "\(directory.path)/redis.pid",
                    "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy",
                    "noeviction",
                ]),
                platformOptions: options,
                output: .fileDescriptor(output, closeAfterSpawningProcess: false),
                error: .fileDescriptor(output, closeAfterSpawningProcess: false))
        } catch {
            throw DevFailure(description: "cannot start redis-server (Debian: apt-get install redis-server): \(error)")
        }
        guard result.terminationStatus.isSuccess else {
            throw DevFailure(description: "redis-server did not start: see \(log)")
        }
    }

    /// Until the end, starts the server again when it dies; then shuts it down with everything on disk.
    func run() async throws {
        var failure: (any Error)?
        do {
            try await cancelWhenGracefulShutdown { try await keepAlive() }
        } catch is CancellationError {
            // The end of `dev`.
        } catch {
            failure = error
        }
        // In a task of its own: it must be carried out in a cancelled one too.
        await Task { await shutDown() }.value
        if let failure { throw failure }
    }

    /// How often it looks whether the server lives, and how many deaths in a row it takes.
    private static let watchInterval = Duration.milliseconds(250)
    private static let mostDeaths = 5

    private func keepAlive() async throws {
        let clock = ContinuousClock()
        var process = ServerProcess.all(in: directory.path).first
        var deaths = 0
        var startedAt = clock.now
        while true {
            try await clock.sleep(for: Self.watchInterval)
            if let process, process.isRunning { continue }
            deaths = clock.now - startedAt < .seconds(10) ? deaths + 1 : 1
            guard deaths <= Self.mostDeaths else {
                throw DevFailure(description: "redis-server ends again and again: see \(log)")
            }
            logger.warning("redis-server ended and is started again", metadata: ["log": "\(log)"])
            try await start()
            process = ServerProcess.all(in: directory.path).first
            startedAt = clock.now
        }
    }

    /// Ends the server, whoever started it.
    func shutDown() async {
        do throws(RedisError) {
            let connection = try await RedisConnection.connect(configuration, on: toolLoop, logger: logger)
            // Redis closes the connection instead of answering.
            _ = try? await connection.execute(RedisCommand("SHUTDOWN"), timeout: .seconds(30))
            await connection.close()
        } catch {
            logger.warning("redis-server could not be told to end", metadata: ["reason": "\(error)"])
            return
        }
        // Gone for whoever starts `dev` next.
        _ = try? await holds(within: .seconds(10)) { ServerProcess.all(in: directory.path).isEmpty }
    }

    private func answers(within limit: Duration) async throws -> Bool {
        try await holds(within: limit) { await answers() }
    }

    private func answers() async -> Bool {
        guard let connection = try? await RedisConnection.connect(configuration, on: toolLoop, logger: logger) else {
            return false
        }
        // A server that is still loading refuses.
        let reply = try? await connection.execute(RedisCommand("GET", StoreKeys.shard0.version))
        await connection.close()
        return reply != nil
    }

    /// An append-only file that was cut by a kill is cured by writing it anew before the next start.
    private func rewrite() async throws {
        let connection = try await RedisConnection.connect(configuration, on: toolLoop, logger: logger)
        do throws(RedisError) {
            _ = try await connection.execute(RedisCommand("BGREWRITEAOF"))
        } catch {
            // One that runs already does the same.
            guard case .server = error else { throw error }
        }
        await connection.close()
    }
}

/// Whether `condition` comes true within `limit`.
private func holds(within limit: Duration, _ condition: () async -> Bool) async throws -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while await !condition() {
        guard clock.now < end else { return false }
        try await clock.sleep(for: .milliseconds(20))
    }
    return true
}
