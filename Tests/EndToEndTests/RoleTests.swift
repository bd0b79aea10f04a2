import APIClient
import FleetSupport
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient
import TestSupport
import Testing
import WebhookStore

/// The Redis users that `deploy/redis/make-acl` writes, against what the program really sends as each of them.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct `The Redis users of the roles` {
    private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// A server with these users, and everything that runs on it.
    private final class Stage: Sendable {
        let directory: TemporaryDirectory
        let redis: RedisServer
        let fleet: Fleet
        let monitor: ChildProcess
        let connection: RedisConnection

        init() async throws {
            directory = try TemporaryDirectory()
            let made = try ChildProcess(
                "bash", ["\(root)/deploy/redis/make-acl", directory.path], directory: directory.path, name: "make-acl")
            #expect(try await made.exitStatus() == 0, "\(made.errorOutput)")
            let file = "\(directory.path)/users.acl"
            let users = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
            try (users + "user admin on >admin ~* &* +@all\n").write(toFile: file, atomically: true, encoding: .utf8)
            redis = try await RedisServer.start(tcp: true, options: ["--aclfile", file])
            fleet = try Fleet(redis: redis)
            monitor = try ChildProcess(
                "redis-cli",
                ["-s", redis.socketPath, "--user", "admin", "--pass", "admin", "--no-auth-warning", "MONITOR"],
                directory: directory.path, name: "monitor")
            var configuration = try RedisConfiguration(url: redis.url)
            configuration.username = "admin"
            configuration.password = RedisPassword("admin")
            connection = try await RedisConnection.connect(
                configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
            let output = monitor
            try await eventually("MONITOR") { output.output.hasPrefix("OK") }
        }

        /// The setting that makes a process a role.
        func role(_ name: String) throws -> [String: String] {
            let password = FileManager.default.contents(atPath: "\(directory.path)/\(name).password") ?? Data()
            let text = String(decoding: password, as: UTF8.self).filter { !$0.isNewline }
            #expect(text.count == 64)
            return ["WEBHOOKS_REDIS_URL": "redis://\(name):\(text)@127.0.0.1:\(redis.port)"]
        }

        /// A command of someone who may do everything; its reply, or its error.
        func admin(_ words: [String]) async throws -> RedisValue {
            var arguments = RedisArguments()
            for word in words { arguments.append(word) }
            return try await connection.execute(RedisCommand(arguments: arguments))
        }

        /// Runs a command of the program as a role.
        func run(_ role: String, _ arguments: String..., more: [String: String] = [:]) async throws -> String {
            let result = try await fleet.run(arguments, settings: try self.role(role).merging(more) { $1 })
            #expect(result.status == 0, "\(arguments): \(result.errorOutput)")
            return result.output
        }

        /// What may be run: by role, the names behind each plus.
        func allowed() -> [String: Set<String>] {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(directory.path)/users.acl") ?? Data(), as: UTF8.self)
            var allowed: [String: Set<String>] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                allowed[words[1]] = Set(words.filter { $0.hasPrefix("+") }.map { String($0.dropFirst()) })
            }
            return allowed
        }
    }

    private static let key = ["WEBHOOKS_ENCRYPTION_KEYS": "k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]

    @Test func `let each role do all that it does, and nothing that it does not`() async throws {
        let stage = try await Stage()
        try await work(stage)
        let denied = try await stage.admin(["ACL", "LOG"]).array()
        #expect(denied.isEmpty, "\(denied)")
        let recorded = try recordedCommands(stage)
        let allowed = stage.allowed()
        for role in ["wh-api", "wh-delivery", "wh-keys", "wh-doctor"] {
            let may = try #require(allowed[role])
            let does = try #require(recorded[role], "\(role) sent nothing")
            #expect(does.commands.subtracting(may) == [], "\(role)")
            // What it may and was not seen to do stands in the text of a script that it ran (less usual branches), or is
            // reading, which wh-doctor has in common with wh-ops.
            let reading = role == "wh-doctor" ? allowed["wh-ops"] ?? [] : ["ping"]
            let metrics = recorded["wh-metrics"].map { $0.commands.union($0.reachable) } ?? []
            let more = role == "wh-doctor" ? [] : metrics
            #expect(
                may.subtracting(does.commands).subtracting(does.reachable).subtracting(reading).subtracting(more) == [],
                "\(role)")
        }
        try await probes(stage, allowed)
        await stage.connection.close()
    }

    /// Everything that the program can do, each by its role.
    private func work(_ stage: Stage) async throws {
        let token = try await stage.run("wh-keys", "keys", "create", "--workspace", "acme", "--name", "n")
            .filter { !$0.isNewline }
        _ = try await stage.run("wh-keys", "keys", "list", "--workspace", "acme")
        let receiver = try await TestReceiver.start { $0.target == "/bad" ? .status(500) : .ok }
        let settings = ["WEBHOOKS_RETRY_DELAYS": "50ms"]
        let metricsPort = try freePort()
        let api = try await stage.fleet.startAPINode(
            "api",
            settings: try stage.role("wh-api").merging(["WEBHOOKS_METRICS_LISTEN": "127.0.0.1:\(metricsPort)"]) { $1 })
        let delivery = try await stage.fleet.startDeliveryNode(
            "delivery", settings: try stage.role("wh-delivery").merging(settings) { $1 })
        let client = api.client()
        let rest = RESTClient(http: client, key: token)
        let headers: HTTPHeaders = ["authorization": "Bearer \(token)"]
        let good = try await rest.register(target: receiver.url("/good"), operations: ["*"], secret: "secret")
        let bad = try await rest.register(target: receiver.url("/bad"), operations: ["*"])
        let gone = try await rest.register(target: receiver.url("/gone"), operations: ["task.*"])
        for n in 0..<12 {
            let posted = try await client.send(
                .POST, "/rest/events", headers: headers,
                json: #"{"event":"people.created","id":"own \#(n)","record":{"id":"\#(n)"}}"#)
            #expect(posted.status == 202)
        }
        try await eventually("a dead letter") {
            try await stage.admin(["ZCARD", "wh:{0}:dead:\(bad)"]).integer() > 0
        }
        for (method, path, body) in [
            (HTTPMethod.GET, "/rest/webhooks?limit=2", ""), (.GET, "/rest/webhooks?filter=isEnabled[eq]:true", ""),
            (.GET, "/rest/webhooks/\(good)", ""), (.PATCH, "/rest/webhooks/\(good)", #"{"description":null}"#),
            (.PATCH, "/rest/webhooks/\(gone)", #"{"isEnabled":false}"#),
            (.POST, "/rest/webhooks/\(good)/rotate-secret", #"{"secret":"next"}"#),
            (.DELETE, "/rest/webhooks/\(gone)", ""),
        ] {
            let answer = try await client.send(method, path, headers: headers, json: body.isEmpty ? "{}" : body)
            #expect(answer.status == 200, "\(method) \(path): \(answer.text)")
        }
        for port in [metricsPort, delivery.healthPort] {
            #expect(try await HTTPTestClient(port: port).send(.GET, "/metrics").status == 200)
        }
        _ = try await stage.run("wh-ops", "dead", "list", "--webhook", bad)
        _ = try await stage.run("wh-api", "dead", "replay", "--webhook", bad)
        _ = try await stage.run("wh-api", "secrets", "reencrypt", more: Self.key)
        _ = try await stage.run("wh-doctor", "doctor", more: ["WEBHOOKS_LEASE": "6s"])
        _ = try await stage.run("wh-keys", "keys", "revoke", String(token.dropFirst(4).prefix(12)))
        #expect(try await delivery.process.terminate() == 0)
        #expect(try await api.process.terminate() == 0)
        try await receiver.stop()
    }

    /// What one role sent: its commands, those of its scripts included, and those that stand in the text of its scripts.
    private struct Recorded {
        var commands: Set<String> = []
        var reachable: Set<String> = []
    }

    /// By role; what nodes of both kinds send for their metrics, on a connection of its own, under `wh-metrics`.
    private func recordedCommands(_ stage: Stage) throws -> [String: Recorded] {
        // Processes name themselves; tools ran one after another, in this order.
        // `dead replay` counts before it replays: two connections.
        var tools = ["wh-keys", "wh-keys", "wh-ops", "wh-api", "wh-api", "wh-api", "wh-doctor", "wh-keys"][...]
        let scripts = Dictionary(
            uniqueKeysWithValues: StoreScripts.all.map {
                (String(decoding: $0.sha1, as: UTF8.self), String(decoding: $0.source, as: UTF8.self))
            })
        var roles: [String: String] = [:]
        var recorded: [String: Recorded] = [:]
        var role: String?
        for line in stage.monitor.output.split(separator: "\n") {
            guard let open = line.firstIndex(of: "["), let close = line.firstIndex(of: "]") else { continue }
            let source = String(line[line.index(after: open)..<close].split(separator: " ").last ?? "")
            let words = line[close...].split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            guard let name = words.first?.lowercased() else { continue }
            if source != "lua" {
                if name == "client", words.count == 3 {
                    let prefix = words[2].split(separator: "-").dropLast().joined(separator: "-")
                    roles[source] =
                        prefix == "webhooks-tool" ? tools.popFirst() : prefix.replacing("webhooks-", with: "wh-")
                }
                role = roles[source]
            }
            guard let role else { continue }
            let command = ["client", "script"].contains(name) ? "\(name)|\(words[1].lowercased())" : name
            recorded[role, default: Recorded()].commands.insert(command)
            if name == "evalsha" || name == "evalsha_ro", let text = scripts[words[1]] {
                for match in text.matches(of: /(?:call|many)\('([A-Z]+)'/) {
                    recorded[role]?.reachable.insert(match.output.1.lowercased())
                }
            }
        }
        return recorded
    }

    /// What nobody may.
    private func probes(_ stage: Stage, _ allowed: [String: Set<String>]) async throws {
        let forbidden: [[String]] = [
            ["SELECT", "1"], ["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["CONFIG", "SET", "maxmemory", "1"],
            ["KEYS", "*"], ["EVAL", "return 1", "0"], ["SCRIPT", "FLUSH"], ["FUNCTION", "LIST"], ["SHUTDOWN"],
            ["ACL", "LIST"], ["ACL", "SETUSER", "x"], ["CLIENT", "KILL", "ID", "1"], ["CLIENT", "LIST"], ["MONITOR"],
            ["REPLICAOF", "NO", "ONE"], ["MODULE", "LIST"], ["SAVE"], ["DEBUG", "SLEEP", "0"],
            ["SORT", "wh:{0}:lanes"],
            ["DUMP", "wh:{0}:version"], ["RESTORE", "wh:{0}:x", "0", "y"], ["RENAME", "wh:{0}:wake", "wh:{0}:x"],
            ["COPY", "wh:{0}:wake", "wh:{0}:x"], ["SWAPDB", "0", "1"], ["MIGRATE", "h", "1", "k", "0", "1"],
            ["PUBLISH", "c", "m"], ["SUBSCRIBE", "c"], ["OBJECT", "ENCODING", "wh:{0}:version"], ["GET", "foreign"],
            ["HGETALL", "wh:{1}:webhook:a:b"], ["SET", "foreign", "x"],
        ]
        var byRole: [String: [[String]]] = [:]
        for role in allowed.keys where role.hasPrefix("wh-") { byRole[role] = forbidden }
        byRole["wh-delivery"]? += [
            ["HGETALL", "wh:{0}:apikey:k"], ["HGET", "wh:{0}:apikey:k", "sha256"],
            ["HSET", "wh:{0}:workspace:w", "a", "b"],
            ["GET", "wh:{0}:idempotency:event:h"],
        ]
        byRole["wh-api"]? += [
            ["HSET", "wh:{0}:apikey:k", "a", "b"], ["ZADD", "wh:{0}:lanes", "1", "l"],
            ["RPUSH", "wh:{0}:attempts:w", "x"],
            ["DEL", "wh:{0}:claimed:l"],
        ]
        byRole["wh-keys"]? += [["HGETALL", "wh:{0}:webhook:a:b"], ["HSET", "wh:{0}:webhook:a:b", "secret", "x"]]
        for role in ["wh-ops", "wh-doctor"] {
            byRole[role]? += [
                ["HGETALL", "wh:{0}:webhook:a:b"], ["HGET", "wh:{0}:webhook:a:b", "secret"],
                ["HGETALL", "wh:{0}:apikey:k"],
                ["DEL", "wh:{0}:version"], ["HSET", "wh:{0}:endpoint:w", "state", "ok"], ["LPUSH", "wh:{0}:wake", "1"],
                ["EVALSHA", "0000000000000000000000000000000000000000", "1", "wh:{0}:version"],
            ]
        }
        for (role, probes) in byRole {
            for probe in probes {
                let answer = try await dryRun(stage, role, probe)
                #expect(answer != "OK", "\(role) may \(probe)")
            }
        }
        #expect(try await dryRun(stage, "wh-api", ["PING"]) == "OK")
        #expect(try await dryRun(stage, "default", ["PING"]) != "OK")
    }

    private func dryRun(_ stage: Stage, _ role: String, _ probe: [String]) async throws -> String {
        do {
            return try await stage.admin(["ACL", "DRYRUN", role] + probe).text()
        } catch RedisError.server(let error) {
            // A command that this version does not know, or a wrong number of words: a fault of this test.
            Issue.record("\(probe): \(error)")
            return error.description
        }
    }
}
