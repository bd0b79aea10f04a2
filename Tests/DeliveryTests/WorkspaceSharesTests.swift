import Testing
import WebhookModel

@testable import Delivery

@Suite struct WorkspaceSharesTests {
    private func workspaces(_ count: Int) throws -> [WorkspaceSubscriptions] {
        try (0..<count).map { WorkspaceSubscriptions(name: try #require(WorkspaceName("w\($0)"))) }
    }

    @Test func `a workspace at its share is full, and a claim brings none above it`() throws {
        let slots = SlotAccount(capacity: 100, byteCapacity: 1)
        let some = try workspaces(3)
        var shares = WorkspaceShares()
        #expect(shares.limits(of: slots, quantum: 8) == (full: [], room: 50))
        for _ in 0..<20 { shares.take(some[0]) }
        for _ in 0..<50 { shares.take(some[1]) }
        shares.take(some[2])
        let limits = shares.limits(of: slots, quantum: 8)
        #expect(limits.full.map(\.text) == ["w1"])
        #expect(limits.room == 30)
        for _ in 0..<8 { shares.release(some[1]) }
        #expect(shares.limits(of: slots, quantum: 8) == (full: [], room: 8))
    }

    @Test func `workspaces come and go in any order`() throws {
        let slots = SlotAccount(capacity: 8, byteCapacity: 1)
        let some = try workspaces(5)
        var shares = WorkspaceShares()
        for _ in 0..<500 {
            let workspace = some[Int.random(in: 0..<5)]
            if workspace.slots > 0, Bool.random() { shares.release(workspace) } else { shares.take(workspace) }
            let expected = some.filter { $0.slots >= 4 }.map(\.name.text).sorted()
            try #require(shares.limits(of: slots, quantum: 8).full.map(\.text).sorted() == expected)
        }
    }
}
