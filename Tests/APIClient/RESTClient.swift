import FoundationEssentials
import NIOCore
package import NIOHTTP1
package import TestSupport

/// The REST API as an integrator's client has it: typed requests and answers, one method a route.
///
/// It shares no code with the service, so that a test that uses it proves what is on the wire.
package struct RESTClient: Sendable {
    package let http: HTTPTestClient
    package let key: String

    package init(http: HTTPTestClient, key: String) {
        self.http = http
        self.key = key
    }

    /// An answer that is no success.
    package struct Refused: Error, Hashable, CustomStringConvertible {
        package let status: Int
        /// The name of the error, such as `BadRequestException`.
        package let error: String
        package let messages: [String]
        /// Seconds.
        package let retryAfter: Int?
        package var description: String { "\(status) \(error): \(messages)" }
    }

    /// An answer that the contract does not know.
    package struct Unexpected: Error, CustomStringConvertible {
        package let status: Int
        package let body: String
        package var description: String { "unexpected answer \(status): \(body)" }
    }

    package var headers: HTTPHeaders { ["authorization": "Bearer \(key)"] }

    // MARK: Webhooks

    package func create(_ webhook: NewWebhook) async throws -> WebhookResource {
        try await call(.POST, "/rest/webhooks", body: json(webhook), expecting: 201).createWebhook
    }

    /// - Parameter query: The query string as it is sent, without `?`; see ``ListParameters`` for an encoded one.
    package func list(rawQuery query: String = "") async throws -> WebhookList {
        try await answer(.GET, query.isEmpty ? "/rest/webhooks" : "/rest/webhooks?\(query)", expecting: 200)
    }

    package func list(_ parameters: ListParameters) async throws -> WebhookList {
        try await list(rawQuery: parameters.encoded)
    }

    package func find(_ id: String) async throws -> WebhookResource {
        try await call(.GET, "/rest/webhooks/\(id)", expecting: 200).webhook
    }

    package func update(_ id: String, _ change: WebhookUpdate) async throws -> WebhookResource {
        try await call(.PATCH, "/rest/webhooks/\(id)", body: json(change), expecting: 200).updateWebhook
    }

    /// - Parameter gracePeriod: Seconds; nil leaves it to the service.
    package func rotateSecret(
        _ id: String, to secret: String, gracePeriod: Int? = nil
    ) async throws -> WebhookResource {
        let rotation = Rotation(secret: secret, gracePeriodSeconds: gracePeriod)
        return try await call(.POST, "/rest/webhooks/\(id)/rotate-secret", body: json(rotation), expecting: 200)
            .rotateWebhookSecret
    }

    package func delete(_ id: String) async throws {
        let deleted: Identified = try await call(.DELETE, "/rest/webhooks/\(id)", expecting: 200).deleteWebhook
        guard deleted.id == id else { throw Unexpected(status: 200, body: "the id \(deleted.id) for \(id)") }
    }

    /// Registers a webhook and gives its id.
    package func register(target: String, operations: [String], secret: String? = nil) async throws -> String {
        try await create(NewWebhook(targetUrl: target, operations: operations, secret: secret)).id
    }

    // MARK: Events

    /// Posts the JSON of one event.
    package func create(event: String, idempotencyKey: String? = nil) async throws -> CreatedEvent {
        try await call(.POST, "/rest/events", body: event, more: fields(idempotencyKey), expecting: 202).createEvent
    }

    /// Posts the JSON of several events in one batch.
    package func create(batch: [String], idempotencyKey: String? = nil) async throws -> [CreatedEvent] {
        try await call(
            .POST, "/rest/events", body: #"{"events":[\#(batch.joined(separator: ","))]}"#,
            more: fields(idempotencyKey), expecting: 202
        ).createEvents
    }

    /// Posts one event and gives its id.
    package func post(event: String) async throws -> String { try await create(event: event).id }

    /// Posts a batch and gives the ids of its events in order.
    package func post(batch: [String]) async throws -> [String] { try await create(batch: batch).map(\.id) }

    private func fields(_ idempotencyKey: String?) -> HTTPHeaders {
        idempotencyKey.map { ["idempotency-key": $0] } ?? [:]
    }

    // MARK: Health

    /// Whether the node says that it is ready.
    package func isReady() async throws -> Bool {
        let answer = try await http.send(.GET, "/health/ready")
        guard answer.status == 200 || answer.status == 503 else {
            throw Unexpected(status: answer.status, body: answer.text)
        }
        return answer.status == 200
    }

    // MARK: The way of a call

    /// Sends a request with the key and gives its answer as it is.
    package func send(
        _ method: HTTPMethod, _ target: String, body: String? = nil, headers more: HTTPHeaders = [:]
    ) async throws -> HTTPTestResponse {
        var headers = headers
        headers.add(contentsOf: more)
        guard let body else { return try await http.send(method, target, headers: headers) }
        return try await http.send(method, target, headers: headers, json: body)
    }

    /// What stands in `data` of a successful answer.
    func call(
        _ method: HTTPMethod, _ target: String, body: String? = nil, more: HTTPHeaders = [:], expecting status: Int
    ) async throws -> AnswerData {
        let envelope: Envelope = try await answer(method, target, body: body, more: more, expecting: status)
        return AnswerData(payload: envelope.data)
    }

    /// A successful answer, whole.
    func answer<Answer: Decodable>(
        _ method: HTTPMethod, _ target: String, body: String? = nil, more: HTTPHeaders = [:], expecting status: Int
    ) async throws -> Answer {
        let answer = try await send(method, target, body: body, headers: more)
        let data = Data(answer.body.readableBytesView)
        guard answer.headers["content-type"] == ["application/json"] else {
            throw Unexpected(status: answer.status, body: answer.text)
        }
        if answer.status == status { return try JSONDecoder().decode(Answer.self, from: data) }
        let error = try JSONDecoder().decode(ErrorBody.self, from: data)
        guard error.statusCode == answer.status, !error.messages.isEmpty, answer.status >= 400 else {
            throw Unexpected(status: answer.status, body: answer.text)
        }
        throw Refused(
            status: answer.status, error: error.error, messages: error.messages,
            retryAfter: answer.headers["retry-after"].first.flatMap { Int($0) })
    }

    func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

private struct Rotation: Encodable {
    let secret: String
    let gracePeriodSeconds: Int?
}

private struct ErrorBody: Decodable {
    let statusCode: Int
    let error: String
    let messages: [String]
}

private struct Envelope: Decodable { let data: Payload }
