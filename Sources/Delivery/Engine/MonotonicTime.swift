import Glibc

/// An instant of the clock that never goes back and runs on while the machine sleeps.
///
/// Leases are kept by Redis in real time, so the gates that stand on them must count the time in which this process or its
/// machine was stopped. `CLOCK_MONOTONIC`, and with it NIO's deadlines, does not count a suspended machine;
/// `CLOCK_BOOTTIME` does.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the machine started.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Before every instant that `now()` gives.
    package static let distantPast = MonotonicTime(nanoseconds: .min / 2)

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (time: MonotonicTime, duration: Milliseconds) -> MonotonicTime {
        MonotonicTime(nanoseconds: time.nanoseconds + duration.count * 1_000_000)
    }

    /// How long ago `earlier` was.
    package func milliseconds(since earlier: MonotonicTime) -> Int64 { (nanoseconds - earlier.nanoseconds) / 1_000_000 }
}

/// A length of time in whole milliseconds, the unit of everything that is agreed with Redis.
package struct Milliseconds: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral {
    package let count: Int64

    package init(_ count: Int64) { self.count = count }
    package init(integerLiteral value: Int64) { count = value }

    /// Rounded down; a duration beyond the range of `Int64` milliseconds is cut to it.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        count = Int64(clamping: Int128(seconds) * 1000 + Int128(attoseconds / 1_000_000_000_000_000))
    }

    package static func < (left: Milliseconds, right: Milliseconds) -> Bool { left.count < right.count }
    package static func - (left: Milliseconds, right: Milliseconds) -> Milliseconds {
        Milliseconds(left.count - right.count)
    }
    package static func + (left: Milliseconds, right: Milliseconds) -> Milliseconds {
        Milliseconds(left.count + right.count)
    }
    package static func / (left: Milliseconds, right: Int64) -> Milliseconds { Milliseconds(left.count / right) }
}

/// Milliseconds since 1970 by this machine's clock: for headers and attempt lines, never for a lease.
func wallClockMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
