import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@testable import Observability

@Suite(.timeLimit(.minutes(1)))
struct `What a connection to Redis counts` {
    private func connect(
        _ server: RedisServer, _ registry: PrometheusRegistry, maximumPending: Int = 100
    ) async throws -> RedisConnection {
        var configuration = RedisConfiguration(
            address: .unix(path: server.socketPath), commandTimeout: .seconds(20), maximumPending: maximumPending)
        configuration.metrics = RedisMetrics(factory: registry)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await RedisConnection.connect(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
    }

    private func errors(_ kind: String, _ registry: PrometheusRegistry) async -> Double? {
        series(of: await registry.text())["webhooks_redis_errors_total{kind=\"\(kind)\"}"]
    }

    @Test func `commands that Redis refuses, and those that are never sent, move their counters`() async throws {
        let registry = PrometheusRegistry()
        let server = try await RedisServer.start()
        let connection = try await connect(server, registry)
        #expect(await errors("refused", registry) == 0)
        await #expect(throws: RedisError.self) { _ = try await connection.execute(RedisCommand("NOSUCHCOMMAND")) }
        #expect(await errors("refused", registry) == 1)
        #expect(series(of: await registry.text())["webhooks_redis_connections_opened_total"] == 1)
        await connection.close()
        await #expect(throws: RedisError.self) { _ = try await connection.execute(RedisCommand("PING")) }
        #expect(await errors("not_sent", registry) == 1)
        server.kill()
    }

    @Test func `a script's own refusals are answers and no errors of Redis`() async throws {
        let registry = PrometheusRegistry()
        let server = try await RedisServer.start()
        let connection = try await connect(server, registry)
        await #expect(throws: RedisError.self) {
            _ = try await connection.execute(
                RedisCommand("EVAL", "return redis.error_reply('-FENCED lane')", "0"))
        }
        #expect(await errors("refused", registry) == 0)
        await connection.close()
        server.kill()
    }

    @Test func `commands above the bound, and those of a connection that breaks, move their counters`() async throws {
        let registry = PrometheusRegistry()
        let server = try await RedisServer.start()
        let connection = try await connect(server, registry, maximumPending: 1)
        server.pause()
        let waiting = Task { try await connection.execute(RedisCommand("PING")) }
        try await eventually("a command on its way") { await connection.pendingCount == 1 }
        await #expect(throws: RedisError.overloaded) { _ = try await connection.execute(RedisCommand("PING")) }
        #expect(await errors("overloaded", registry) == 1)
        server.kill()
        await #expect(throws: RedisError.self) { _ = try await waiting.value }
        #expect(await errors("unknown_outcome", registry) == 1)
    }
}
