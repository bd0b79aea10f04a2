import RedisClient

/// Looks for what is broken in a shard that nodes are working on, without writing to it.
///
/// What one pass over moving work sees may be half of a step. So a finding counts when two passes, more than a lease apart,
/// saw it, and then a third; and where one step of Redis can show it exactly, that step has the last word.
package struct ShardDoctor: Sendable {
    package struct Report: Sendable {
        package let findings: [ShardFinding]
        /// Keys met by the last pass.
        package let keys: Int
        package let waitingEvents: Int
        package let openDeliveries: Int
        package let deadLetters: Int
        package let poisonedEvents: Int
        package let passes: Int
    }

    package enum Progress: Sendable {
        case reading(pass: Int, count: Int)
        /// Until the second pass.
        case waiting(Duration)
    }

    private let reader: ShardReader
    private let shard: Shard
    private let pause: Duration
    private let progress: @Sendable (Progress) -> Void

    /// - Parameters:
    ///   - shard: On a connection of its own: reads that must be one step are sent as a transaction.
    ///   - pause: Between the first two passes; more than the lease of the nodes.
    package init(_ shard: Shard, pause: Duration, progress: @escaping @Sendable (Progress) -> Void = { _ in }) {
        self.shard = shard
        reader = ShardReader(shard: shard) { _ in }
        self.pause = pause
        self.progress = progress
    }

    /// Everything that is there, once: exact when nothing else writes.
    package static func read(_ shard: Shard) async throws(StoreError) -> ShardReading {
        do throws(RedisError) {
            return try await ShardReader(shard: shard) { _ in }.read()
        } catch {
            throw .redis(error)
        }
    }

    package func examine() async throws(StoreError) -> Report {
        do throws(RedisError) {
            let first = try await pass(1)
            progress(.waiting(pause))
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw RedisError.cancelled
            }
            var last = try await pass(2)
            var suspicious = Self.findings(of: last, alsoIn: first.findings)
            var passes = 2
            if !suspicious.isEmpty {
                last = try await pass(3)
                suspicious = Self.findings(of: last, alsoIn: suspicious)
                passes = 3
            }
            var findings: [ShardFinding] = []
            for finding in suspicious where try await holds(finding, last) { findings.append(finding) }
            findings.sort { $0.identity < $1.identity }
            return Report(
                findings: findings, keys: last.reading.keyNames.count, waitingEvents: last.waitingEvents,
                openDeliveries: last.openDeliveries, deadLetters: last.deadLetters,
                poisonedEvents: last.poisonedEvents, passes: passes)
        } catch {
            throw .redis(error)
        }
    }

    private static func findings(of check: ShardCheck, alsoIn before: [ShardFinding]) -> [ShardFinding] {
        let known = Set(before.map(\.identity))
        return check.findings.filter { known.contains($0.identity) }
    }

    private func holds(_ finding: ShardFinding, _ check: ShardCheck) async throws(RedisError) -> Bool {
        try await ShardConfirmation(reader: reader, check: check).holds(finding)
    }

    private func pass(_ number: Int) async throws(RedisError) -> ShardCheck {
        let progress = progress
        let reader = ShardReader(shard: shard) { progress(.reading(pass: number, count: $0)) }
        return ShardCheck(try await reader.read(), keys: shard.keys)
    }
}
