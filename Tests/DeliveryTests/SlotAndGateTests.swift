import Testing

@testable import Delivery

@Suite struct SlotAndGateTests {
    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `slow tokens take at most a quarter of the slots`() {
        var slots = SlotAccount(capacity: 16, byteCapacity: 1000)
        for _ in 0..<4 { slots.take(isSlow: true) }
        #expect(slots.freeSlow == 0)
        #expect(slots.free == 12)
        slots.release(isSlow: true)
        #expect(slots.freeSlow == 1)
        for _ in 0..<13 { slots.take(isSlow: false) }
        #expect(slots.free == 0)
        #expect(slots.freeSlow == 0)
    }

    @Test func `what is promised to a call is not free`() {
        var slots = SlotAccount(capacity: 10, byteCapacity: 100)
        slots.take(isSlow: false)
        slots.takeBody(bytes: 30)
        slots.reserve(slots: 4, bytes: 50)
        #expect(slots.free == 5)
        #expect(slots.freeBytes == 20)
        slots.endReservation(slots: 4, bytes: 50)
        #expect(slots.free == 9)
        #expect(slots.freeBytes == 70)
        slots.releaseBody(bytes: 30)
        #expect(slots.freeBytes == 100)
    }

    @Test func `the lease gate shuts one second before an attempt could outlive the lease`() {
        var gate = LeaseGate(lease: 15_000, attemptTimeout: 10_000)
        #expect(!gate.isOpen(at: at(0)))
        gate.renewalAnswered(sentAt: at(100))
        #expect(gate.isOpen(at: at(4099)))
        #expect(!gate.isOpen(at: at(4100)))
        gate.renewalAnswered(sentAt: at(50))
        #expect(gate.isOpen(at: at(4099)))
        gate.shut()
        #expect(!gate.isOpen(at: at(101)))
    }

    @Test func `half of twenty failures in a minute open, once`() {
        var window = FailureWindow()
        // 11 successes and 9 failures, then failures alone.
        var answers = (0..<19).map { window.note(success: $0 % 2 == 0, at: at(Int64($0) * 1000)) }
        answers.append(window.note(success: true, at: at(19_000)))
        for second: Int64 in 20..<23 { answers.append(window.note(success: false, at: at(second * 1000))) }
        #expect(answers.firstIndex(of: true) == 21)
        #expect(answers.count { $0 } == 1)
    }

    @Test func `failures of more than a minute ago do not count`() {
        var window = FailureWindow()
        let old = (0..<19).map { _ in window.note(success: false, at: at(0)) }
        let new = (0..<20).map { window.note(success: false, at: at(65_000 + Int64($0))) }
        #expect(!old.contains(true))
        #expect(new.firstIndex(of: true) == 19)
    }

    @Test func `pauses grow to their limit and begin anew after a success`() {
        var backoff = Backoff(first: 10, limit: 100)
        let pauses = (0..<70).map { _ in backoff.next().count }
        #expect((5...10).contains(pauses[0]))
        #expect((10...20).contains(pauses[1]))
        #expect(pauses[4...].allSatisfy { (50...100).contains($0) })
        backoff.reset()
        let first = backoff.next()
        #expect(first <= 10)
    }
}
