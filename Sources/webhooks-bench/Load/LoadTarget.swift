import FoundationEssentials
import NIOCore
import NIOHTTP1
import TestSupport

/// A running deployment as a load test sees it: the address of its API and a key.
struct LoadTarget: Sendable {
    let host: String
    let port: Int
    let key: String

    /// - Parameter url: `http://host:port`; TLS ends in front of the API, so load goes to the nodes themselves.
    init(url: String, key: String) throws {
        guard url.hasPrefix("http://") else { throw BenchFailure("--api must begin with http://") }
        let parts = url.dropFirst(7).split(separator: "/")[0].split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw BenchFailure("--api must be http://host:port") }
        host = String(parts[0])
        self.port = port
        self.key = key
    }

    var headers: HTTPHeaders { ["content-type": "application/json", "authorization": "Bearer \(key)"] }

    func openLoop() -> OpenLoop { OpenLoop(host: host, port: port, path: "/rest/events", headers: headers) }

    /// Registers a webhook for everything and gives its id.
    func register(target: String, secret: String) async throws -> String {
        let client = HTTPTestClient(host: host, port: port)
        let answer = try await client.send(
            .POST, "/rest/webhooks", headers: headers,
            json: #"{"targetUrl":"\#(target)","operations":["*"],"secret":"\#(secret)","description":"load test"}"#)
        await client.close()
        guard answer.status == 201 else { throw BenchFailure("register: \(answer.status) \(answer.text)") }
        return try JSONDecoder().decode(Created.self, from: Data(answer.body.readableBytesView)).data.createWebhook.id
    }

    func delete(_ webhook: String) async throws {
        let client = HTTPTestClient(host: host, port: port)
        let answer = try await client.send(.DELETE, "/rest/webhooks/\(webhook)", headers: headers)
        await client.close()
        guard answer.status == 200 else { throw BenchFailure("delete: \(answer.status) \(answer.text)") }
    }

    private struct Created: Decodable {
        struct Payload: Decodable {
            struct Webhook: Decodable { let id: String }
            let createWebhook: Webhook
        }
        let data: Payload
    }
}
