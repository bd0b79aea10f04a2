package import NIOCore
import Synchronization

/// How late the timers of an event loop are: what makes everything else on it late as well.
package final class LoopLag: Sendable {
    private static let pause = TimeAmount.milliseconds(500)
    private let longest = Atomic<Int64>(0)
    /// Nanoseconds of the loop's clock.
    private let due = Atomic<UInt64>(0)

    package init() {}

    /// Looks twice a second, until the returned task is cancelled.
    package func watch(_ eventLoop: any EventLoop) -> RepeatedTask {
        due.store((NIODeadline.now() + Self.pause).uptimeNanoseconds, ordering: .relaxed)
        return eventLoop.scheduleRepeatedTask(initialDelay: Self.pause, delay: Self.pause) { [self] _ in
            let now = NIODeadline.now()
            let late = now - NIODeadline.uptimeNanoseconds(due.load(ordering: .relaxed))
            due.store((now + Self.pause).uptimeNanoseconds, ordering: .relaxed)
            _ = longest.max(late.nanoseconds, ordering: .relaxed)
        }
    }

    /// The longest delay since the last time it was asked for, in seconds.
    func take() -> Double { Double(longest.exchange(0, ordering: .relaxed)) / 1e9 }
}
