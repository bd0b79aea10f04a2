import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `Over a way that spoils replies` {
    private let logger = Logger(label: "test")
    private var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }

    private func connect(_ proxy: FaultyProxy, timeout: Duration) async throws -> RedisConnection {
        let configuration = RedisConfiguration(
            address: .tcp(host: "127.0.0.1", port: proxy.port), connectTimeout: .seconds(5), commandTimeout: timeout)
        return try await RedisConnection.connect(configuration, on: loop, logger: logger)
    }

    @Test func `a delayed reply is dropped and never answers the next command`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultyProxy.start(to: server.socketPath)
        let connection = try await connect(proxy, timeout: .seconds(10))
        proxy.set(.delay(.milliseconds(1900)))
        await #expect(throws: RedisError.timedOut) {
            _ = try await connection.execute(RedisCommand("ECHO", "first"), timeout: .milliseconds(1500))
        }
        proxy.set(.none)
        // Sent while the first reply is still on its way.
        let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for n in 0..<20 {
                group.addTask { (n, try await connection.execute(RedisCommand("ECHO", "message \(n)")).text()) }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(texts == Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, "message \($0)") }))
        await connection.close()
        await proxy.stop()
    }

    @Test func `a connection whose replies are lost is given up, and what waits fails as unknown`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultyProxy.start(to: server.socketPath)
        let connection = try await connect(proxy, timeout: .milliseconds(300))
        proxy.set(.drop)
        let lost = Task { try await connection.execute(RedisCommand("INCR", "n")) }
        let patient = Task { try await connection.execute(RedisCommand("INCR", "n"), timeout: .seconds(30)) }
        await #expect(throws: RedisError.timedOut) { try await lost.value }
        await #expect {
            _ = try await patient.value
        } throws: { error in
            if case RedisError.outcomeUnknown = error { true } else { false }
        }
        #expect(await !connection.isOpen)
        // Both were carried out all the same: that is what "unknown" means.
        let direct = try await RedisConnection.connect(
            try RedisConfiguration(url: server.url), on: loop, logger: logger)
        #expect(try await direct.execute(RedisCommand("GET", "n")).text() == "2")
        await direct.close()
        await proxy.stop()
    }

    @Test func `a cut after the command was sent is unknown, and a client sends nothing twice by itself`() async throws
    {
        let server = try await RedisServer.start()
        let proxy = try await FaultyProxy.start(to: server.socketPath)
        let client = RedisClient(
            RedisConfiguration(address: .tcp(host: "127.0.0.1", port: proxy.port), commandTimeout: .seconds(20)),
            on: loop, logger: logger)
        let running = Task { await client.run() }
        try await eventually("a connection") { (try? await client.execute(RedisCommand("PING"))) != nil }
        proxy.set(.cut)
        await #expect {
            _ = try await client.execute(RedisCommand("INCR", "n"))
        } throws: { error in
            if case RedisError.outcomeUnknown = error { true } else { false }
        }
        proxy.set(.none)
        try await eventually(within: .seconds(5), "the way back") {
            (try? await client.execute(RedisCommand("GET", "n")).text()) == "1"
        }
        running.cancel()
        await running.value
        await #expect(throws: RedisError.self) { try await client.execute(RedisCommand("PING")) }
        await proxy.stop()
    }

    @Test func `more commands than may wait are refused unsent, and the others are answered`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.maximumPending = 4
        let connection = try await RedisConnection.connect(configuration, on: loop, logger: logger)
        server.pause()
        let waiting = (0..<4).map { n in
            Task { try await connection.execute(RedisCommand("ECHO", "\(n)"), timeout: .seconds(20)).text() }
        }
        try await eventually("four commands waiting") { await connection.pendingCount == 4 }
        await #expect(throws: RedisError.overloaded) { try await connection.execute(RedisCommand("ECHO", "five")) }
        #expect(RedisError.overloaded.isNotSent)
        server.resume()
        for (n, task) in waiting.enumerated() { #expect(try await task.value == "\(n)") }
        await connection.close()
    }

    @Test func `a command of a task that was cancelled before is not sent`() async throws {
        let server = try await RedisServer.start()
        let connection = try await RedisConnection.connect(
            try RedisConfiguration(url: server.url), on: loop, logger: logger)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await connection.execute(RedisCommand("SET", "n", "1"))
        }
        task.cancel()
        await #expect {
            _ = try await task.value
        } throws: {
            ($0 as? RedisError)?.isNotSent == true
        }
        #expect(try await connection.execute(RedisCommand("EXISTS", "n")).integer() == 0)
        await connection.close()
    }

    @Test func `a server that takes the connection and says nothing is no connection`() async throws {
        let server = try await RedisServer.start()
        server.pause()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.connectTimeout = .milliseconds(200)
        await #expect(throws: RedisError.self) {
            _ = try await RedisConnection.connect(configuration, on: loop, logger: logger)
        }
        server.resume()
    }

    @Test func `a server that answers something else than Redis is given up`() async throws {
        let web = try await TestReceiver.start()
        let port = Int(web.url("/").split(separator: ":").last?.prefix { $0.isNumber } ?? "") ?? 0
        await #expect(throws: RedisError.self) {
            _ = try await RedisConnection.connect(
                RedisConfiguration(
                    address: .tcp(host: "127.0.0.1", port: port), connectTimeout: .seconds(2),
                    commandTimeout: .seconds(2)),
                on: loop, logger: logger)
        }
        try await web.stop()
    }

    @Test func `READONLY and LOADING close the connection, so that the name is looked up again`() async throws {
        let primary = try await RedisServer.start(tcp: true)
        let replica = try await RedisServer.start(options: ["--replicaof", "127.0.0.1 \(primary.port)"])
        let connection = try await RedisConnection.connect(
            try RedisConfiguration(url: replica.url), on: loop, logger: logger)
        await #expect {
            _ = try await connection.execute(RedisCommand("SET", "a", "b"))
        } throws: { error in
            ["READONLY", "MASTERDOWN", "LOADING"].contains { (error as? RedisError)?.hasCode($0) == true }
        }
        #expect(await !connection.isOpen)
        await #expect {
            _ = try await connection.execute(RedisCommand("PING"))
        } throws: {
            ($0 as? RedisError)?.isNotSent == true
        }
    }

    @Test func `other error replies leave the connection as it is`() async throws {
        let server = try await RedisServer.start()
        let connection = try await RedisConnection.connect(
            try RedisConfiguration(url: server.url), on: loop, logger: logger)
        _ = try await connection.execute(RedisCommand("SET", "a", "text"))
        for command in [RedisCommand("LPUSH", "a", "b"), RedisCommand("NONSENSE"), RedisCommand("GET")] {
            await #expect {
                _ = try await connection.execute(command)
            } throws: {
                ($0 as? RedisError)?.isAnswer == true
            }
        }
        #expect(try await connection.execute(RedisCommand("GET", "a")).text() == "text")
        await connection.close()
    }

    @Test func `a blocking wait ends with what was pushed, or with nothing after its time`() async throws {
        let server = try await RedisServer.start()
        let waits = try await RedisConnection.connect(try RedisConfiguration(url: server.url), on: loop, logger: logger)
        let work = try await RedisConnection.connect(try RedisConfiguration(url: server.url), on: loop, logger: logger)
        let waiting = Task { try await waits.execute(RedisCommand("BLPOP", "wake", "10"), timeout: .seconds(20)) }
        try await eventually("the wait") { await waits.pendingCount == 1 }
        _ = try await work.execute(RedisCommand("RPUSH", "wake", "1"))
        #expect(try await waiting.value.array(atLeast: 2)[1].text() == "1")
        #expect(try await waits.execute(RedisCommand("BLPOP", "wake", "0.1")).isNull)
        await waits.close()
        await work.close()
    }
}
