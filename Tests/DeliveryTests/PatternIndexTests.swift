import Testing
import WebhookModel

@testable import Delivery

@Suite struct PatternIndexTests {
    private let ids = (1...6).map { WebhookID(UUIDValue(high: 0x7000, low: UInt64($0))) }

    private func patterns(_ texts: String...) throws -> [OperationPattern] {
        try texts.map { try #require(OperationPattern(stored: $0)) }
    }

    private func operation(_ text: String) throws -> Operation { try #require(Operation(stored: text)) }

    @Test func `a match merges the lists of all patterns in id order, each webhook once`() throws {
        var index = PatternIndex()
        index.insert(ids[4], patterns: try patterns("*"))
        index.insert(ids[0], patterns: try patterns("people.created", "people.*", "*", "*.created"))
        index.insert(ids[2], patterns: try patterns("company.created"))
        index.insert(ids[3], patterns: try patterns("*.created", "task.updated"))
        index.insert(ids[1], patterns: try patterns("people.*"))
        let found = index.matches(try operation("people.created"), after: nil, limit: 100)
        #expect(found.ids == [ids[0], ids[1], ids[3], ids[4]])
        #expect(found.isLast)
    }

    @Test func `a fan-out in chunks goes on behind the cursor and knows its last chunk`() throws {
        var index = PatternIndex()
        for (position, id) in ids.enumerated() {
            index.insert(id, patterns: try patterns(position % 2 == 0 ? "*" : "people.*"))
        }
        let operation = try operation("people.deleted")
        let first = index.matches(operation, after: nil, limit: 4)
        #expect(first.ids == Array(ids[0..<4]))
        #expect(!first.isLast)
        let second = index.matches(operation, after: first.ids.last, limit: 4)
        #expect(second.ids == Array(ids[4...]))
        #expect(second.isLast)
        #expect(index.matches(operation, after: ids[5], limit: 4).ids.isEmpty)
        #expect(index.matches(operation, after: ids[5], limit: 4).isLast)
    }

    @Test func `exactly as many matches as asked for are the last ones`() throws {
        var index = PatternIndex()
        for id in ids { index.insert(id, patterns: try patterns("*", "*.created")) }
        let all = index.matches(try operation("task.created"), after: nil, limit: 6)
        #expect(all.ids == ids)
        #expect(all.isLast)
    }

    @Test func `a removed webhook matches no more and leaves nothing behind`() throws {
        var index = PatternIndex()
        index.insert(ids[1], patterns: try patterns("*", "people.*"))
        index.insert(ids[0], patterns: try patterns("*"))
        index.remove(ids[1], patterns: try patterns("*", "people.*"))
        #expect(index.matches(try operation("people.created"), after: nil, limit: 9).ids == [ids[0]])
        index.remove(ids[0], patterns: try patterns("*"))
        #expect(index.isEmpty)
    }

    @Test func `a webhook that is inserted twice stands there once`() throws {
        var index = PatternIndex()
        for id in [ids[2], ids[0], ids[2], ids[0]] { index.insert(id, patterns: try patterns("*")) }
        #expect(index.matches(try operation("people.created"), after: nil, limit: 9).ids == [ids[0], ids[2]])
    }

    @Test func `random inserts and removals match like a scan of all webhooks`() throws {
        var generator = SystemRandomNumberGenerator()
        let texts = ["*", "people.*", "company.*", "*.created", "*.updated", "people.created", "company.updated"]
        let operations = try ["people.created", "company.updated", "task.deleted"].map(operation)
        var index = PatternIndex()
        var model: [WebhookID: [OperationPattern]] = [:]
        for _ in 0..<2000 {
            let id = WebhookID(UUIDValue(high: 0, low: UInt64.random(in: 0..<64, using: &generator)))
            if let old = model.removeValue(forKey: id) {
                index.remove(id, patterns: old)
            } else {
                let chosen = try texts.shuffled().prefix(3).map { try #require(OperationPattern(stored: $0)) }
                model[id] = chosen
                index.insert(id, patterns: chosen)
            }
            let operation = operations[Int.random(in: 0..<3)]
            let expected = model.filter { $0.value.contains { $0.matches(operation) } }.keys.sorted()
            try #require(index.matches(operation, after: nil, limit: 100).ids == expected)
            let limited = index.matches(operation, after: expected.first, limit: 3)
            try #require(limited.ids == Array(expected.dropFirst().prefix(3)))
            try #require(limited.isLast == (expected.count <= 4))
        }
    }
}
