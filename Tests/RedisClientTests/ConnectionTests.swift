import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `A connection to a real Redis` {
    private let logger = Logger(label: "test")
    private var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }

    private func connect(_ server: RedisServer, timeout: Duration = .seconds(2)) async throws -> RedisConnection {
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = timeout
        return try await RedisConnection.connect(configuration, on: loop, logger: logger)
    }

    @Test func `replies come back to the commands they belong to, from many tasks at once`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for n in 0..<500 {
                group.addTask {
                    let value = try await connection.execute(RedisCommand("ECHO", "message \(n)"))
                    #expect(try value.text() == "message \(n)")
                }
            }
            try await group.waitForAll()
        }
        await connection.close()
    }

    @Test func `a script that Redis does not know is loaded and runs once`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let script = RedisScript(name: "count", source: Array("return redis.call('INCRBY', KEYS[1], ARGV[1])".utf8))
        var arguments = RedisArguments()
        arguments.append(3)
        #expect(try await connection.evaluate(script, keys: ["n"], arguments: arguments).integer() == 3)
        _ = try await connection.execute(RedisCommand("SCRIPT", "FLUSH"))
        #expect(try await connection.evaluate(script, keys: ["n"], arguments: arguments).integer() == 6)
        await connection.close()
    }

    @Test func `a late reply never answers the next command`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        await #expect(throws: RedisError.timedOut) {
            _ = try await connection.execute(RedisCommand("BLPOP", "nothing", "1.8"), timeout: .milliseconds(1500))
        }
        #expect(try await connection.execute(RedisCommand("ECHO", "next")).text() == "next")
        await connection.close()
    }

    @Test func `a cancelled command leaves the connection good`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server, timeout: .seconds(5))
        let waiting = Task { try await connection.execute(RedisCommand("BLPOP", "nothing", "1")) }
        try await eventually("the command to be sent") { await connection.pendingCount == 1 }
        waiting.cancel()
        await #expect(throws: RedisError.self) { _ = try await waiting.value }
        #expect(try await connection.execute(RedisCommand("ECHO", "next")).text() == "next")
        await connection.close()
    }

    @Test func `a connection that does not answer is given up after twice a command's time`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server, timeout: .milliseconds(200))
        server.pause()
        await #expect(throws: RedisError.timedOut) { _ = try await connection.execute(RedisCommand("PING")) }
        try await eventually("the end of the connection") { await !connection.isOpen }
        await #expect(throws: RedisError.self) { _ = try await connection.execute(RedisCommand("PING")) }
        server.resume()
    }

    @Test func `a killed server fails what waits as unknown and what comes later as not sent`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let waiting = Task { try await connection.execute(RedisCommand("BLPOP", "nothing", "5"), timeout: .seconds(9)) }
        try await eventually("the command to be sent") { await connection.pendingCount == 1 }
        server.kill()
        await #expect {
            _ = try await waiting.value
        } throws: { error in
            if case RedisError.outcomeUnknown = error { true } else { false }
        }
        await #expect {
            _ = try await connection.execute(RedisCommand("PING"))
        } throws: { error in
            (error as? RedisError)?.isNotSent == true
        }
    }

    @Test func `a client finds the server again after it was killed`() async throws {
        let server = try await RedisServer.start()
        let client = RedisClient(try RedisConfiguration(url: server.url), on: loop, logger: logger)
        let running = Task { await client.run() }
        try await eventually("a first reply") { (try? await client.execute(RedisCommand("PING"))) != nil }
        server.kill()
        try await eventually("a refusal") {
            do throws(RedisError) {
                _ = try await client.execute(RedisCommand("PING"))
                return false
            } catch {
                return error.isNotSent
            }
        }
        try await server.restart()
        try await eventually(within: .seconds(5), "a reply again") {
            (try? await client.execute(RedisCommand("PING"))) != nil
        }
        running.cancel()
        await running.value
    }

    @Test func `a wrong password is refused and a right one is taken`() async throws {
        let server = try await RedisServer.start(options: ["--requirepass", "correct horse"])
        var configuration = try RedisConfiguration(url: server.url)
        configuration.password = RedisPassword("wrong")
        await #expect {
            _ = try await RedisConnection.connect(configuration, on: loop, logger: logger)
        } throws: { error in
            (error as? RedisError)?.hasCode("WRONGPASS") == true
        }
        configuration.password = RedisPassword("correct horse")
        configuration.database = 3
        let connection = try await RedisConnection.connect(configuration, on: loop, logger: logger)
        #expect(try await connection.execute(RedisCommand("CLIENT", "INFO")).text().contains("db=3"))
        await connection.close()
    }

    @Test func `values of megabytes and of nothing come back whole`() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server, timeout: .seconds(10))
        let large = [UInt8](repeating: 7, count: 5 << 20)
        var set = RedisCommand("MSET", "large")
        set.arguments.append(large)
        set.arguments.append("empty")
        set.arguments.append("")
        _ = try await connection.execute(set)
        let values = try await connection.execute(RedisCommand("MGET", "large", "empty", "missing")).array(atLeast: 3)
        #expect(try Array(values[0].bytes().readableBytesView) == large)
        #expect(try values[1].bytes().readableBytes == 0)
        #expect(values[2].isNull)
        await connection.close()
    }
}
