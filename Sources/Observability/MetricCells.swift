import CoreMetrics
import Synchronization

/// A number that only grows.
final class CounterCell: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
    var value: Int64 { count.load(ordering: .relaxed) }
}

/// Times in buckets of fixed bounds: one addition to a bucket and one to the sum for each.
final class HistogramCell: TimerHandler, Sendable {
    /// Upper bounds in nanoseconds, ascending.
    private let bounds: [Int64]
    private let buckets: [CounterCell]
    private let sum = Atomic<Int64>(0)

    /// - Parameter bounds: In seconds.
    init(bounds: [Double]) {
        self.bounds = bounds.map { Int64(($0 * 1e9).rounded()) }
        buckets = (0...bounds.count).map { _ in CounterCell() }
    }

    func recordNanoseconds(_ duration: Int64) {
        let time = max(0, duration)
        var index = 0
        while index < bounds.count, time > bounds[index] { index += 1 }
        buckets[index].increment(by: 1)
        sum.wrappingAdd(time, ordering: .relaxed)
    }

    /// The count of each bucket alone, that of `+Inf` last, and the sum in seconds.
    var state: (counts: [Int64], sum: Double) {
        (buckets.map(\.value), Double(sum.load(ordering: .relaxed)) / 1e9)
    }
}
