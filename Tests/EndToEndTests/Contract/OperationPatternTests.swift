import APIClient
import FleetSupport
import FoundationEssentials
import TestSupport
import Testing

@Suite("Operation patterns, over the wire", .contractStage, .serialized, .timeLimit(.minutes(3)))
struct OperationPatternTests {
    private static let entities = ["company", "people", "opportunity", "task"]
    private static let actions = ["created", "updated", "deleted"]
    private static let all = Set(entities.flatMap { entity in actions.map { "\(entity).\($0)" } })

    private struct Delivered: Decodable {
        let event: String
        let eventId: String
    }

    /// What a webhook with these patterns gets when each of `events` is posted once: event names, as often as they came.
    private func deliveries(to patterns: [String], of events: [String]) async throws -> [String] {
        let stage = try ContractStage.current
        let client = try await stage.client()
        let path = "/p\(UInt64.random(in: 0 ... .max))"
        _ = try await client.register(target: stage.receiver.url(path), operations: patterns)
        let ids = try await client.post(batch: events.map { #"{"event":"\#($0)","record":{"id":"r"}}"# })
        try await stage.view.drained(within: .seconds(20))
        let bodies = try stage.receiver.requests.filter { $0.target == path }.map {
            try JSONDecoder().decode(Delivered.self, from: Data($0.body))
        }
        #expect(Set(bodies.map(\.eventId)).isSubset(of: ids))
        return bodies.map(\.event)
    }

    private func expect(_ patterns: [String], match expected: Set<String>) async throws {
        let got = try await deliveries(to: patterns, of: Self.all.sorted())
        #expect(got.sorted() == expected.sorted(), "\(patterns)")
    }

    @Test func `entity-dot-action matches that entity and action`() async throws {
        try await expect(["people.created"], match: ["people.created"])
    }

    @Test func `entity-dot-star matches every action of the entity`() async throws {
        try await expect(["company.*"], match: ["company.created", "company.updated", "company.deleted"])
    }

    @Test func `star-dot-action matches that action on every entity`() async throws {
        try await expect(["*.updated"], match: Set(Self.entities.map { "\($0).updated" }))
    }

    @Test(arguments: ["*", "*.*"]) func `a star, and star-dot-star, match everything`(pattern: String) async throws {
        try await expect([pattern], match: Self.all)
    }

    @Test func `person is an alias of people in subscriptions and in events`() async throws {
        try await expect(["person.created"], match: ["people.created"])
        #expect(try await deliveries(to: ["people.*"], of: ["person.deleted"]) == ["people.deleted"])
        #expect(try await deliveries(to: ["person.*"], of: ["person.updated"]) == ["people.updated"])
    }

    @Test func `an event that several patterns of one webhook match is delivered to it once`() async throws {
        try await expect(["people.created", "people.*", "*.created", "*", "people.created"], match: Self.all)
    }

    @Test func `more entities can be allowed by configuration`() async throws {
        #expect(try await deliveries(to: ["invoice.*"], of: ["invoice.created"]) == ["invoice.created"])
    }

    @Test(arguments: [
        "contact.created", "People.created", "people.Created", "peoples.created", "companies.*", "people.create",
        "people", "people.", ".created", "*.", ".*", "people.created.now", " people.created", "people.created ",
        "people .created", "", ".", "**", "people.*.*", "people,created", "*.*.*", "рeople.created",
    ])
    func `anything else is a 400 that names the element`(pattern: String) async throws {
        let client = try await ContractStage.current.client()
        let refused = await #expect(throws: RESTClient.Refused.self) {
            try await client.register(target: "https://h.example.com/", operations: ["people.created", pattern])
        }
        #expect(refused?.status == 400)
        #expect(refused?.messages == ["operations[1] \"\(pattern)\" is not a valid operation"])
        #expect(try await client.list().totalCount == 0)
    }

    @Test func `operations and targetUrl come back exactly as they were submitted`() async throws {
        let client = try await ContractStage.current.client()
        let operations = ["person.created", "*.*", "company.*", "company.*"]
        let target = "HTTPS://Hooks.Example.COM:443/a/../b?x=%7e"
        let made = try await client.create(NewWebhook(targetUrl: target, operations: operations))
        #expect(made.operations == operations && made.targetUrl == target)
        #expect(try await client.find(made.id).operations == operations)
        #expect(try await client.list().webhooks.first?.targetUrl == target)
    }
}
