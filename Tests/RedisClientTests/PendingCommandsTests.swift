import NIOCore
import Testing

@testable import RedisClient

struct `The commands that wait` {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// Commands 1... up to `count`, with a second each.
    private func queue(_ count: Int, sent: Bool = true) -> PendingCommands<String> {
        var queue = PendingCommands<String>(maximum: 3)
        for id in 1...count { queue.append(id: UInt64(id), caller: "caller \(id)", now: start, timeout: .seconds(1)) }
        if sent { queue.markSent() }
        return queue
    }

    private func caller(_ reply: PendingCommands<String>.Reply) -> String? {
        switch reply {
        case .belongs(let caller, _): caller ?? "nobody"
        case .unsolicited: nil
        }
    }

    @Test func `get their replies in the order they were sent`() {
        var queue = queue(2)
        #expect(caller(queue.reply()) == "caller 1")
        #expect(caller(queue.reply()) == "caller 2")
        #expect(caller(queue.reply()) == nil)
        #expect(queue.isEmpty)
    }

    @Test func `keep their place when they are given up: the late reply goes to nobody, never to the next`() {
        var queue = queue(2)
        #expect(queue.abandon(id: 1) == "caller 1")
        #expect(queue.abandon(id: 1) == nil)
        #expect(queue.abandon(id: 77) == nil)
        #expect(queue.count == 2)
        #expect(caller(queue.reply()) == "nobody")
        #expect(caller(queue.reply()) == "caller 2")
    }

    @Test func `that were not sent yet cannot have been answered`() {
        var queue = queue(1, sent: false)
        #expect(caller(queue.reply()) == nil)
        queue.markSent()
        queue.append(id: 2, caller: "caller 2", now: start, timeout: .seconds(1))
        #expect(caller(queue.reply()) == "caller 1")
        #expect(caller(queue.reply()) == nil)
    }

    @Test func `run out of time one by one, and are hopeless after twice their time`() {
        var queue = PendingCommands<String>(maximum: 9)
        queue.append(id: 1, caller: "slow", now: start, timeout: .seconds(3))
        queue.append(id: 2, caller: "quick", now: start, timeout: .seconds(1))
        queue.markSent()
        let early = queue.expire(now: start + .milliseconds(500))
        #expect(early.callers.isEmpty)
        #expect(early.next == start + .seconds(1))
        let first = queue.expire(now: start + .seconds(1))
        #expect(first.callers == ["quick"])
        #expect(!first.isHopeless)
        #expect(first.next == start + .seconds(3))
        let second = queue.expire(now: start + .seconds(3))
        #expect(second.callers == ["slow"])
        #expect(!second.isHopeless)
        #expect(second.next == start + .seconds(6))
        let last = queue.expire(now: start + .seconds(6))
        #expect(last.callers.isEmpty)
        #expect(last.isHopeless)
    }

    @Test func `are no reason to close when the oldest was answered`() {
        var queue = queue(1)
        _ = queue.expire(now: start + .seconds(1))
        #expect(caller(queue.reply()) == "nobody")
        let expiry = queue.expire(now: start + .seconds(60))
        #expect(!expiry.isHopeless)
        #expect(expiry.next == nil)
    }

    @Test func `end as sent or as not sent when the connection is lost`() {
        var queue = queue(2)
        queue.append(id: 3, caller: "caller 3", now: start, timeout: .seconds(1))
        _ = queue.abandon(id: 1)
        let (sent, unsent) = queue.removeAll()
        #expect(sent == ["caller 2"])
        #expect(unsent == ["caller 3"])
        #expect(queue.isEmpty)
        #expect(caller(queue.reply()) == nil)
    }

    @Test func `are as many as allowed and no more`() {
        var queue = queue(3)
        #expect(queue.isFull)
        _ = queue.abandon(id: 2)
        #expect(queue.isFull)  // a place that was given up is still a place
        _ = queue.reply()
        #expect(!queue.isFull)
    }
}
