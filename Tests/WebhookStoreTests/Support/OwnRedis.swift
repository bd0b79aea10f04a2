import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

/// A redis-server for the tests of one suite, which run one after another and each begin with an empty server.
struct OwnRedis: SuiteTrait, TestScoping {
    /// The suite's server and a connection to it.
    struct Current: Sendable {
        let server: RedisServer
        let connection: RedisConnection
    }

    @TaskLocal static var current: Current?

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let server = try await RedisServer.start()
        let connection = try await Self.connect(server)
        try await Self.$current.withValue(Current(server: server, connection: connection)) { try await function() }
        await connection.close()
    }

    static func connect(_ server: RedisServer, database: Int = 0) async throws -> RedisConnection {
        var configuration = try RedisConfiguration(url: server.url)
        configuration.database = database
        configuration.commandTimeout = .seconds(20)
        return try await RedisConnection.connect(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
    }
}

extension Trait where Self == OwnRedis {
    static var ownRedis: OwnRedis { OwnRedis() }
}
