import NIOCore

/// What one loop of the engine waits on: whoever has news for it sets the signal, and a signal set while nobody waited is
/// kept. Belongs to one event loop; one task waits at a time.
final class Signal {
    private let eventLoop: any EventLoop
    private var isSet = false
    private var waiter: CheckedContinuation<Void, Never>?
    private var alarm: Scheduled<Void>?
    private var alarmAt = NIODeadline.distantFuture

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func set() {
        guard let waiter else {
            isSet = true
            return
        }
        self.waiter = nil
        waiter.resume()
    }

    /// Sets the signal at `time`, or earlier when that was asked before.
    func set(at time: NIODeadline) {
        guard time < alarmAt else { return }
        alarm?.cancel()
        alarmAt = time
        alarm = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
            guard let self else { return }
            self.alarm = nil
            self.alarmAt = .distantFuture
            self.set()
        }
    }

    func set(in milliseconds: Milliseconds) { set(at: .now() + .milliseconds(milliseconds.count)) }

    /// Returns when the signal is set, at once when it was; it is not set any more then.
    func wait() async {
        if isSet {
            isSet = false
            return
        }
        precondition(waiter == nil, "one task waits on a signal")
        await withCheckedContinuation { waiter = $0 }
    }

    /// As it was at first: not set, and not going to be.
    func clear() {
        isSet = false
        alarm?.cancel()
        alarm = nil
        alarmAt = .distantFuture
    }
}
