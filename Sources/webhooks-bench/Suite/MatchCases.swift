import Delivery
import WebhookModel

/// What it costs to find an event's webhooks among many.
struct MatchCases {
    let scale: Int

    func run(_ report: inout Report) throws {
        var table = Report.Table(
            title: "Matching one event (16 webhooks match)", columns: ["case", "ns an event"])
        for (name, workspaces, webhooks) in [
            ("16 webhooks in a workspace", 1, 16), ("10,000 in one workspace", 1, 10_000),
            ("1,000,000 in 100 workspaces", 100, 10_000),
        ] {
            table.rows.append(
                .init(cells: [name, grouped(try nanoseconds(workspaces: workspaces, webhooks: webhooks))]))
        }
        report.add(table)
    }

    private func nanoseconds(workspaces: Int, webhooks: Int) throws -> Double {
        guard let wanted = OperationPattern("people.created", in: .standard),
            let other = OperationPattern("company.*", in: .standard),
            let operation = Operation("people.created", in: .standard)
        else { throw BenchFailure("patterns") }
        let indexes = (0..<workspaces).map { _ in
            var index = PatternIndex()
            for number in 0..<webhooks {
                let isWanted = number % max(1, webhooks / 16) == 0
                index.insert(WebhookID.new(milliseconds: 1_790_000_000_000), patterns: [isWanted ? wanted : other])
            }
            return index
        }
        let rounds = 20_000 * scale
        var found = 0
        let start = ownCPUSeconds()
        for round in 0..<rounds {
            found += indexes[round % workspaces].matches(operation, after: nil, limit: 100).ids.count
        }
        let used = ownCPUSeconds() - start
        guard found >= rounds * 16 else { throw BenchFailure("\(found) of \(rounds * 16) matches") }
        return used * 1_000_000_000 / Double(rounds)
    }
}
