import FaultHarness
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4)))
struct `Everything at once` {
    /// The short form of `scripts/chaos`: each fault at least once.
    @Test func `half a minute of chaos loses nothing, and the doctor finds nothing`() async throws {
        let report = try await ChaosRun(seed: 20, duration: .seconds(35)).run()
        #expect(report.balance.lost.isEmpty, "\(report.text)")
        #expect(report.balance.problems == [])
        #expect(report.broken == [])
        #expect(report.faults.count >= 6, "\(report.text)")
        // At most what was in flight: a node's claims at each kill, a batch of outcomes at each loss of Redis.
        let kills = report.faults.reduce(0) { $0 + ($1.key == .flushScripts ? 0 : $1.value) }
        #expect(report.balance.duplicates <= 128 * kills, "\(report.text)")
    }
}
