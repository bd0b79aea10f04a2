import APIClient
import FleetSupport
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel

/// Secrets, API keys and passwords of a whole fleet, looked for everywhere that they must not be.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct `What must stay secret` {
    private static let secrets = [
        "canary-signing-secret-one", "whsec_Y2FuYXJ5LWtleS1ieXRlcy1mb3ItdGVzdHM=", "canary-rotated-secret",
    ]
    private static let encryptionKey = "Y2FuYXJ5LWVuY3J5cHRpb24ta2V5LTMyLWJ5dGVzISE="
    private static let redisPassword = "canary-redis-password"

    @Test func `appears in no response, log line, metric or command line of a busy fleet`() async throws {
        let redis = try await RedisServer.start(tcp: true, options: ["--requirepass", Self.redisPassword])
        let fleet = try Fleet(
            redis: redis,
            settings: [
                "WEBHOOKS_REDIS_URL": "redis://127.0.0.1:\(redis.port)", "WEBHOOKS_REDIS_PASSWORD": Self.redisPassword,
                "WEBHOOKS_ENCRYPTION_KEYS": "k1:\(Self.encryptionKey)", "WEBHOOKS_LOG_LEVEL": "trace",
            ])
        let metricsPort = try freePort()
        let api = try await fleet.startAPINode("api", settings: ["WEBHOOKS_METRICS_LISTEN": "127.0.0.1:\(metricsPort)"])
        let delivery = try await fleet.startDeliveryNode("delivery")
        let receiver = try await TestReceiver.start {
            switch $0.target {
            case "/fails": .status(500)
            case "/gone": .status(410)
            default: .ok
            }
        }
        let token = try await fleet.createKey(workspace: "acme")
        let revoked = try await fleet.createKey(workspace: "acme")
        _ = try await fleet.run(["keys", "revoke", String(revoked.dropFirst(4).prefix(12))])
        var seen = try await manage(api, receiver, token)
        seen += try await abuse(api, token, revoked)
        try await eventually(within: .seconds(30), "signed deliveries, failures and an end") {
            receiver.requests.contains { $0.target == "/good" && $0.field("webhook-signature") != nil }
                && receiver.requests.filter { $0.target == "/fails" }.count >= 4
                && receiver.requests.contains { $0.target == "/gone" }
        }
        for port in [metricsPort, delivery.healthPort] {
            for path in ["/metrics", "/health/ready", "/health/live"] {
                seen.append(try await HTTPTestClient(port: port).send(.GET, path).text)
            }
        }
        for process in [api.process, delivery.process] {
            seen.append(contents(of: "/proc/\(process.pid)/cmdline"))
        }
        let tools = [["keys", "list", "--workspace", "acme"], ["secrets", "reencrypt"], ["doctor"]]
        for arguments in tools {
            let result = try await fleet.run(arguments, settings: ["WEBHOOKS_LEASE": "6s"])
            seen += [result.output, result.errorOutput]
        }
        // Redis gone and back: errors name addresses, never what is secret.
        redis.kill()
        _ = try await api.client().send(.GET, "/rest/webhooks", headers: ["authorization": "Bearer \(token)"])
        #expect(try await delivery.process.terminate(within: .seconds(60)) == 0)
        #expect(try await api.process.terminate(within: .seconds(60)) == 0)
        for process in [api.process, delivery.process] { seen += [process.output, process.errorOutput] }
        #expect(seen.contains { $0.contains("delivered") || $0.contains("webhook") })
        try look(for: canaries(token, revoked), in: seen)
        try await receiver.stop()
    }

    private func canaries(_ tokens: String...) -> [String] {
        Self.secrets + [Self.encryptionKey, Self.redisPassword] + tokens.map { String($0.suffix(43)) }
            + tokens.flatMap { token in APIKeyToken(token).map { [$0.digestText] } ?? [] }
            // What follows whsec_ is the key itself.
            + [String(Self.secrets[1].dropFirst(6))]
    }

    private func look(for canaries: [String], in texts: [String]) throws {
        for canary in canaries {
            for text in texts {
                guard let found = text.firstRange(of: canary) else { continue }
                let line = text[..<found.lowerBound].suffix(200)
                Issue.record("\(canary.prefix(12))… appears behind: \(line)")
            }
        }
    }

    private func contents(of path: String) -> String {
        let file = FileManager.default.contents(atPath: path) ?? Data()
        return String(decoding: file, as: UTF8.self)
    }

    /// Registrations with secrets, events, every route that answers with a webhook; the answers.
    private func manage(_ api: Fleet.APINode, _ receiver: TestReceiver, _ token: String) async throws -> [String] {
        let client = api.client()
        let headers: HTTPHeaders = ["authorization": "Bearer \(token)"]
        var answers: [String] = []
        func send(_ method: HTTPMethod, _ path: String, _ body: String = "{}") async throws -> String {
            let response = try await client.send(method, path, headers: headers, json: body)
            answers.append("\(response.status) \(response.headers) \(response.text)")
            return response.text
        }
        for (index, path) in ["/good", "/fails", "/gone"].enumerated() {
            _ = try await send(
                .POST, "/rest/webhooks",
                #"{"targetUrl":"\#(receiver.url(path))","operations":["*"],"secret":"\#(Self.secrets[index % 2])"}"#)
        }
        let id = try #require(answers[0].firstMatch(of: /"id":"([0-9a-f-]{36})"/)).output.1
        _ = try await send(.POST, "/rest/webhooks/\(id)/rotate-secret", #"{"secret":"\#(Self.secrets[2])"}"#)
        _ = try await send(.PATCH, "/rest/webhooks/\(id)", #"{"description":"d"}"#)
        for path in ["", "/\(id)", "/\(id)/attempts", "/\(id)/dead-letters"] {
            _ = try await send(.GET, "/rest/webhooks\(path)")
        }
        for n in 0..<3 {
            _ = try await send(.POST, "/rest/events", #"{"event":"people.created","record":{"id":"\#(n)"}}"#)
        }
        return answers
    }

    /// Requests that put keys and secrets where they do not belong; the answers. What an error must quote (a pattern, a
    /// filter) is left out: that comes back to its sender.
    private func abuse(_ api: Fleet.APINode, _ token: String, _ revoked: String) async throws -> [String] {
        let secret = Self.secrets[0]
        var answers: [String] = []
        func send(_ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders, _ body: String = "{}") async throws {
            let client = api.client()  // some of these close the connection
            let response = try await client.send(method, path, headers: headers, json: body)
            #expect(response.status < 500, "\(method) \(path.prefix(40)): \(response.status)")
            answers.append("\(response.headers) \(response.text)")
            await client.close()
        }
        let right: HTTPHeaders = ["authorization": "Bearer \(token)"]
        try await send(.GET, "/rest/webhooks?key=\(token)", [:])
        try await send(.GET, "/rest/\(token)", [:])
        try await send(.GET, "/rest/webhooks/\(token)", right)
        try await send(.GET, "/rest/webhooks", ["authorization": "Bearer \(revoked)"])
        try await send(.GET, "/rest/webhooks", ["authorization": "Bearer \(token)x"])
        try await send(.GET, "/rest/webhooks", ["authorization": "Basic \(token)", "x-api-key": token])
        try await send(.GET, "/rest/webhooks?starting_after=\(token)", right)
        try await send(
            .POST, "/rest/webhooks", right, #"{"targetUrl":"https://u:\#(secret)@x.example/","operations":["*"]}"#)
        try await send(
            .POST, "/rest/webhooks", right, #"{"targetUrl":1,"operations":[1],"secret":"\#(secret)"}"#)
        try await send(.POST, "/rest/webhooks", right, #"{"secret":"whsec_\#(secret)"}"#)
        try await send(.POST, "/rest/webhooks", right, #"{"secret":"\#(secret)",}"#)
        try await send(
            .POST, "/rest/events", right, #"{"event":"people.created","id":"\#(token)","record":{"id":"1","t":"x"}}"#)
        return answers
    }
}
