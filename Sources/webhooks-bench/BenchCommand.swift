import ArgumentParser
import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import RedisClient
import WebhookStore

/// Fills and measures; `scripts/bench` starts the processes.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks-bench", abstract: "The measuring part of scripts/bench.",
        subcommands: [FillCommand.self, DrainCommand.self, ListCommand.self])
}

/// The Redis of the benchmark, from `WEBHOOKS_REDIS_URL`.
func connect() async throws -> RedisConnection {
    guard let url = ProcessInfo.processInfo.environment["WEBHOOKS_REDIS_URL"] else {
        throw ValidationError("WEBHOOKS_REDIS_URL is not set")
    }
    var configuration = try RedisConfiguration(url: url)
    configuration.commandTimeout = .seconds(30)
    return try await RedisConnection.connect(
        configuration, on: MultiThreadedEventLoopGroup.singleton.next(),
        logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() }))
}

/// The counters of the service.
func totals(_ connection: RedisConnection) async throws -> [String: Int] {
    try await connection.execute(RedisCommand("HGETALL", StoreKeys.shard0.totals)).fields().compactMapValues { Int($0) }
}
