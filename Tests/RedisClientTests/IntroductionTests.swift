import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `A connection's introduction` {
    private let logger = Logger(label: "test")
    private var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }

    private func connect(_ configuration: RedisConfiguration) async throws -> RedisConnection {
        try await RedisConnection.connect(configuration, on: loop, logger: logger)
    }

    /// The commands that a server saw while `body` ran.
    private func commands(_ server: RedisServer, _ body: () async throws -> Void) async throws -> [String] {
        let directory = try TemporaryDirectory()
        let monitor = try ChildProcess(
            "redis-cli", ["-s", server.socketPath, "MONITOR"], directory: directory.path, name: "monitor")
        try await eventually("MONITOR") { monitor.output.contains("OK") }
        try await body()
        let end = try await connect(try RedisConfiguration(url: server.url))
        _ = try await end.execute(RedisCommand("ECHO", "the end"))
        await end.close()
        try await eventually("the last command") { monitor.output.contains("the end") }
        monitor.kill()
        return monitor.output.split(separator: "\n").dropFirst().compactMap { line in
            line.firstRange(of: "] ").map { String(line[$0.upperBound...]) }
        }
    }

    @Test func `selects no database when it is 0, and says its name`() async throws {
        let server = try await RedisServer.start()
        let seen = try await commands(server) {
            var configuration = try RedisConfiguration(url: server.url)
            configuration.clientName = "webhooks-test-1"
            let connection = try await connect(configuration)
            #expect(try await connection.execute(RedisCommand("CLIENT", "GETNAME")).text() == "webhooks-test-1")
            await connection.close()
        }
        #expect(!seen.contains { $0.uppercased().contains("SELECT") || $0.uppercased().contains("HELLO") })
        #expect(seen.first == #""CLIENT" "SETNAME" "webhooks-test-1""#)
    }

    @Test func `selects another database before anything else`() async throws {
        let server = try await RedisServer.start()
        let seen = try await commands(server) {
            var configuration = try RedisConfiguration(url: server.url + "?db=5")
            configuration.clientName = "n"
            await (try connect(configuration)).close()
        }
        #expect(seen.first == #""SELECT" "5""#)
        await #expect {
            _ = try await connect(try RedisConfiguration(url: server.url + "?db=99"))
        } throws: {
            ($0 as? RedisError)?.isAnswer == true
        }
    }

    @Test func `gives user and password, over a unix socket and over TCP`() async throws {
        let server = try await RedisServer.start(
            tcp: true, options: ["--user", "node", "on", ">s3cr3t", "~*", "&*", "+@all", "--user", "default", "off"])
        var unix = try RedisConfiguration(url: server.url)
        unix.username = "node"
        unix.password = RedisPassword("s3cr3t")
        for configuration in [unix, try RedisConfiguration(url: "redis://node:s3cr3t@127.0.0.1:\(server.port)")] {
            let connection = try await connect(configuration)
            #expect(try await connection.execute(RedisCommand("ACL", "WHOAMI")).text() == "node")
            await connection.close()
        }
        await #expect {
            _ = try await connect(try RedisConfiguration(url: server.url))
        } throws: {
            ($0 as? RedisError)?.hasCode("NOAUTH") == true
        }
    }

    @Test func `is refused a name without harm to a user that may not set one`() async throws {
        let server = try await RedisServer.start(
            options: ["--user", "least", "on", ">pw", "~*", "-@all", "+get", "+set", "--user", "default", "off"])
        var configuration = try RedisConfiguration(url: server.url)
        configuration.username = "least"
        configuration.password = RedisPassword("pw")
        for name in ["webhooks", nil] as [String?] {
            configuration.clientName = name
            let connection = try await connect(configuration)
            #expect(try await connection.execute(RedisCommand("GET", "a")).isNull)
            await connection.close()
        }
    }

    @Test func `shows its password in no error, description, mirror or log line`() async throws {
        let password = "canary-p4ssw0rd"
        let lines = LogLines()
        var logger = Logger(label: "test", factory: { _ in lines.handler() })
        logger.logLevel = .trace
        let server = try await RedisServer.start(options: ["--requirepass", "another"])
        var texts: [String] = []
        for url in [
            "redis://u:\(password)@127.0.0.1:1", "redis://u:\(password)@127.0.0.1:x", "redis://:\(password)%zz@h",
        ] {
            do {
                let configuration = try RedisConfiguration(url: url)
                texts.append("\(configuration) \(String(reflecting: configuration)) \(configuration.address)")
                var dumped = ""
                dump(configuration, to: &dumped)
                texts.append(dumped)
                _ = try await RedisConnection.connect(configuration, on: loop, logger: logger)
            } catch {
                texts.append("\(error) \(String(reflecting: error))")
            }
        }
        var refused = try RedisConfiguration(url: server.url)
        refused.password = RedisPassword(password)
        do {
            _ = try await RedisConnection.connect(refused, on: loop, logger: logger)
            Issue.record("a wrong password was taken")
        } catch {
            texts.append("\(error) \(String(reflecting: error))")
        }
        let client = RedisClient(refused, on: loop, logger: logger)
        let running = Task { await client.run() }
        try await eventually("a log line") { !lines.texts.isEmpty }
        running.cancel()
        await running.value
        for text in texts + lines.texts { #expect(!text.contains(password), "\(text)") }
        #expect(texts.count > 5)
    }

    @Test func `only one file of the sources speaks to hiredis, and none spells RESP`() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root + "/Sources").filter {
            $0.hasSuffix(".swift")
        }
        #expect(paths.count > 50)
        for path in paths {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(root)/Sources/\(path)") ?? Data(), as: UTF8.self)
            let imports = text.split(separator: "\n").contains { $0.contains("import CHiredis") }
            #expect(imports == path.hasSuffix("RedisClient/HiredisCodec.swift"), "\(path)")
            for resp in [#""$\("#, #""*\("#, #""*1\r\n"#, #"\r\n$"#] where path.hasPrefix("RedisClient") {
                #expect(!text.contains(resp), "\(path) spells RESP")
            }
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct `A connection to Redis over TLS` {
    private let logger = Logger(label: "test")
    private var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }

    private func server(
        _ certificates: TestCertificates, names: [String], protocols: String = "TLSv1.2 TLSv1.3"
    )
        async throws -> (RedisServer, Int)
    {
        let leaf = try await certificates.serverFiles(names: names)
        let port = try freePort()
        let server = try await RedisServer.start(options: [
            "--tls-port", "\(port)", "--tls-cert-file", leaf.certificate, "--tls-key-file", leaf.key,
            "--tls-ca-cert-file", certificates.authorityFile, "--tls-auth-clients", "no", "--tls-protocols", protocols,
        ])
        return (server, port)
    }

    private func connect(_ host: String, _ port: Int, authority: String?) async throws -> RedisConnection {
        var configuration = try RedisConfiguration(url: "rediss://\(host):\(port)")
        configuration.tls?.caFile = authority
        return try await RedisConnection.connect(configuration, on: loop, logger: logger)
    }

    @Test func `works by name and by address, with large values and scripts`() async throws {
        let certificates = try await TestCertificates()
        let (server, port) = try await server(certificates, names: ["DNS:localhost", "IP:127.0.0.1"])
        for host in ["localhost", "127.0.0.1"] {
            let connection = try await connect(host, port, authority: certificates.authorityFile)
            let text = String(repeating: "x", count: 2 << 20)
            _ = try await connection.execute(RedisCommand("SET", "large", text), timeout: .seconds(10))
            #expect(
                try await connection.execute(RedisCommand("GET", "large"), timeout: .seconds(10)).bytes().readableBytes
                    == 2 << 20)
            let script = RedisScript(name: "s", source: Array("return ARGV[1]".utf8))
            var arguments = RedisArguments()
            arguments.append("over TLS")
            #expect(try await connection.evaluate(script, keys: ["k"], arguments: arguments).text() == "over TLS")
            await connection.close()
        }
        withExtendedLifetime(server) {}
    }

    @Test func `is refused when the name is another one`() async throws {
        let certificates = try await TestCertificates()
        let (server, port) = try await server(certificates, names: ["DNS:redis.example", "IP:127.0.0.2"])
        for host in ["localhost", "127.0.0.1"] {
            await #expect(throws: RedisError.self) {
                _ = try await connect(host, port, authority: certificates.authorityFile)
            }
        }
        withExtendedLifetime(server) {}
    }

    @Test func `is refused when the authority is unknown`() async throws {
        let certificates = try await TestCertificates()
        let stranger = try await TestCertificates()
        let (server, port) = try await server(certificates, names: ["DNS:localhost"])
        for authority in [nil, stranger.authorityFile] {
            await #expect(throws: RedisError.self) { _ = try await connect("localhost", port, authority: authority) }
        }
        withExtendedLifetime(server) {}
    }

    @Test func `is refused over an old version of TLS`() async throws {
        let certificates = try await TestCertificates()
        let (server, port) = try await server(certificates, names: ["DNS:localhost"], protocols: "TLSv1.1")
        await #expect(throws: RedisError.self) {
            _ = try await connect("localhost", port, authority: certificates.authorityFile)
        }
        withExtendedLifetime(server) {}
    }

    @Test func `is never a plain connection by mistake, nor the other way round`() async throws {
        let certificates = try await TestCertificates()
        let (server, port) = try await server(certificates, names: ["DNS:localhost"])
        await #expect(throws: RedisError.self) {
            var plain = try RedisConfiguration(url: "redis://localhost:\(port)")
            plain.connectTimeout = .seconds(1)
            _ = try await RedisConnection.connect(plain, on: loop, logger: logger)
        }
        let plainServer = try await RedisServer.start(tcp: true)
        await #expect(throws: RedisError.self) {
            var encrypted = try RedisConfiguration(url: "rediss://localhost:\(plainServer.port)")
            encrypted.tls?.caFile = certificates.authorityFile
            encrypted.connectTimeout = .seconds(1)
            _ = try await RedisConnection.connect(encrypted, on: loop, logger: logger)
        }
        withExtendedLifetime(server) {}
    }

    @Test func `a file of authorities that cannot be read is an error, not a weaker check`() async throws {
        await #expect(throws: RedisError.self) { _ = try await connect("localhost", 1, authority: "/nonexistent.pem") }
    }
}
