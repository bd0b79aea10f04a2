import FoundationEssentials
import NIOCore
package import NIOHTTP1
package import TestSupport

/// The REST API as an integrator uses it.
package struct RESTClient: Sendable {
    package struct Refused: Error, CustomStringConvertible {
        package let status: Int
        package let body: String
        package var description: String { "\(status): \(body)" }
    }

    package let http: HTTPTestClient
    package let key: String

    package init(http: HTTPTestClient, key: String) {
        self.http = http
        self.key = key
    }

    package var headers: HTTPHeaders { ["authorization": "Bearer \(key)"] }

    /// Registers a webhook and gives its id.
    package func register(
        target: String, operations: [String], secret: String? = nil
    ) async throws -> String {
        let patterns = operations.map { "\"\($0)\"" }.joined(separator: ",")
        let secretField = secret.map { #","secret":"\#($0)""# } ?? ""
        let answer = try await http.send(
            .POST, "/rest/webhooks", headers: headers,
            json: #"{"targetUrl":"\#(target)","operations":[\#(patterns)]\#(secretField)}"#)
        guard answer.status == 201 else { throw Refused(status: answer.status, body: answer.text) }
        return try JSONDecoder().decode(Created.self, from: Data(answer.body.readableBytesView)).data.createWebhook.id
    }

    /// Posts a batch and gives the ids of its events in order.
    package func post(batch: [String]) async throws -> [String] {
        let answer = try await http.send(
            .POST, "/rest/events", headers: headers, json: #"{"events":[\#(batch.joined(separator: ","))]}"#)
        guard answer.status == 202 else { throw Refused(status: answer.status, body: answer.text) }
        let made = try JSONDecoder().decode(CreatedEvents.self, from: Data(answer.body.readableBytesView))
        return made.data.createEvents.map(\.id)
    }

    /// Posts one event and gives its id.
    package func post(event: String) async throws -> String {
        let answer = try await http.send(.POST, "/rest/events", headers: headers, json: event)
        guard answer.status == 202 else { throw Refused(status: answer.status, body: answer.text) }
        return try JSONDecoder().decode(CreatedEvent.self, from: Data(answer.body.readableBytesView)).data.createEvent
            .id
    }

    package func delete(_ webhook: String) async throws {
        let answer = try await http.send(.DELETE, "/rest/webhooks/\(webhook)", headers: headers)
        guard answer.status == 200 else { throw Refused(status: answer.status, body: answer.text) }
    }
}

private struct Created: Decodable {
    struct Payload: Decodable { let createWebhook: Identified }
    let data: Payload
}

private struct CreatedEvent: Decodable {
    struct Payload: Decodable { let createEvent: Identified }
    let data: Payload
}

private struct CreatedEvents: Decodable {
    struct Payload: Decodable { let createEvents: [Identified] }
    let data: Payload
}

private struct Identified: Decodable { let id: String }
