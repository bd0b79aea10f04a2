import Glibc
import Logging
import RedisClient
import ServiceLifecycle
import Subprocess
import SystemPackage
import WebhookStore

/// The redis-server of `dev`: started by it, ended with it, and taken over when a killed `dev` left it running.
struct DevRedis: Service {
    let directory: DataDirectory
    let logger: Logger

    var configuration: RedisConfiguration {
        RedisConfiguration(address: .unix(path: directory.socketPath), clientName: "webhooks-dev")
    }

    /// Starts a server where none answers on the socket, and waits until it does.
    func start() async throws -> Bool {
        if await answers() {
            logger.info("taking over the redis-server that an earlier run left")
            try await rewrite()
            return false
        }
        unlink(directory.socketPath)
        // In a session of its own, so that Ctrl-C in the terminal reaches `dev` alone, which then ends it in order.
        var options = PlatformOptions()
        options.createSession = true
        let log = try FileDescriptor.open(
            FilePath("\(directory.path)/redis.log"), .writeOnly, options: [.create, .append],
            permissions: .ownerReadWrite)
        defer { try? log.close() }  // the server has its own descriptor by now
        let result: ExecutionResult<Void, FileDescriptorOutput, FileDescriptorOutput>
        do {
            result = try await Subprocess.run(
                .name("redis-server"),
                arguments: Arguments([
                    "--daemonize", "yes", "--port", "0", "--unixsocket", directory.socketPath, "--unixsocketperm",
                    "700",
                    "--dir", directory.path, "--logfile", "\(directory.path)/redis.log", "--pidfile",
                    "\(directory.path)/redis.pid", "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
                    "--maxmemory-policy", "noeviction",
                ]),
                platformOptions: options,
                output: .fileDescriptor(log, closeAfterSpawningProcess: false),
                error: .fileDescriptor(log, closeAfterSpawningProcess: false))
        } catch {
            throw DevFailure(description: "cannot start redis-server (Debian: apt-get install redis-server): \(error)")
        }
        guard result.terminationStatus.isSuccess else {
            throw DevFailure(description: "redis-server did not start: see \(directory.path)/redis.log")
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(60)
        while await !answers() {
            guard clock.now < end else {
                throw DevFailure(description: "redis-server does not answer: see \(directory.path)/redis.log")
            }
            try await clock.sleep(for: .milliseconds(20))
        }
        try await rewrite()
        return true
    }

    /// Waits for the end, then shuts the server down with everything on disk.
    func run() async throws {
        try? await gracefulShutdown()  // cancellation ends it just as well
        // In a task of its own: it must be carried out in a cancelled one too.
        await Task { await shutDown() }.value
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
        }
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
