import APIClient
import FleetSupport
import FoundationEssentials
import TestSupport
import Testing

/// An API node, a delivery node and a receiver for the tests of one suite; each test takes a workspace of its own.
struct ContractStage: SuiteTrait, TestScoping {
    struct Current: Sendable {
        let fleet: Fleet
        let api: Fleet.APINode
        let receiver: TestReceiver
        let view: RedisView

        /// A client with the key of a new workspace.
        func client(scopes: String = "webhooks,events") async throws -> RESTClient {
            try await client(workspace: "w\(UInt64.random(in: 0 ... .max))", scopes: scopes)
        }

        func client(workspace: String, scopes: String) async throws -> RESTClient {
            let key = try await fleet.createKey(workspace: workspace, scopes: scopes)
            return RESTClient(http: api.client(), key: key)
        }
    }

    @TaskLocal private static var running: Current?

    static var current: Current { get throws { try #require(running) } }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let fleet = try Fleet(
            redis: try await RedisServer.start(), settings: ["WEBHOOKS_ENTITIES": "invoice"])
        let current = Current(
            fleet: fleet, api: try await fleet.startAPINode("api"), receiver: try await TestReceiver.start(),
            view: try await RedisView(fleet.redis))
        _ = try await fleet.startDeliveryNode("delivery")
        try await Self.$running.withValue(current) { try await function() }
        await current.view.close()
        try await current.receiver.stop()
    }
}

extension Trait where Self == ContractStage {
    static var contractStage: ContractStage { ContractStage() }
}
