import ArgumentParser
import Logging
import NIOCore
import NIOPosix
import RedisClient
import WebhookStore

/// Measures the built program; `scripts/bench` builds both and starts this.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks-bench", abstract: "The measuring part of scripts/bench and scripts/load.",
        subcommands: [
            SuiteCommand.self, DrainCommand.self, LoadCommand.self, ListCommand.self,
            PostCommand.self, RouteCommand.self,
        ])
}

func connect(to url: String) async throws -> RedisConnection {
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
