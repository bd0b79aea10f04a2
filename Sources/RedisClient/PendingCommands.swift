import DequeModule
import NIOCore

/// The commands of one connection whose replies are not read yet, in the order they were sent: a state machine without
/// I/O.
///
/// A command that was given up keeps its place, so that its late reply is dropped and never answers the next command.
struct PendingCommands<Caller> {
    /// One command that waits. `caller` is nil once it was given up.
    struct Entry {
        let id: UInt64
        var caller: Caller?
        let sent: NIODeadline
        let deadline: NIODeadline
        /// When a reply is so late that the connection is given up: twice the command's time.
        let hopeless: NIODeadline
    }

    private var entries = Deque<Entry>()
    /// How many of the last entries have not left the connection's own buffer.
    private var unsent = 0
    let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { entries.count }
    var isFull: Bool { entries.count >= maximum }
    var isEmpty: Bool { entries.isEmpty }

    mutating func append(id: UInt64, caller: Caller, now: NIODeadline, timeout: TimeAmount) {
        entries.append(
            Entry(id: id, caller: caller, sent: now, deadline: now + timeout, hopeless: now + timeout + timeout))
        unsent += 1
    }

    /// All bytes so far were handed to the socket.
    mutating func markSent() { unsent = 0 }

    enum Reply {
        /// The caller that this reply belongs to, nil when it was given up, and when the command was sent.
        case belongs(to: Caller?, sent: NIODeadline)
        /// Redis said something that nobody asked for.
        case unsolicited
    }

    mutating func reply() -> Reply {
        guard entries.count > unsent, let first = entries.popFirst() else { return .unsolicited }
        return .belongs(to: first.caller, sent: first.sent)
    }

    /// Gives up one command; its place stays. The caller, when it still waited.
    mutating func abandon(id: UInt64) -> Caller? {
        guard let index = entries.lastIndex(where: { $0.id == id }) else { return nil }
        defer { entries[index].caller = nil }
        return entries[index].caller
    }

    struct Expiry {
        var callers: [Caller] = []
        /// The oldest reply is so late that the connection cannot be trusted any more.
        var isHopeless = false
        /// When to look again.
        var next: NIODeadline?
    }

    /// Gives up what is over its deadline.
    mutating func expire(now: NIODeadline) -> Expiry {
        var expiry = Expiry()
        for index in entries.indices {
            if entries[index].caller != nil {
                if entries[index].deadline <= now {
                    if let caller = entries[index].caller { expiry.callers.append(caller) }
                    entries[index].caller = nil
                } else {
                    expiry.next = min(expiry.next ?? .distantFuture, entries[index].deadline)
                }
            }
        }
        if let oldest = entries.first {
            if oldest.hopeless <= now { expiry.isHopeless = true }
            expiry.next = min(expiry.next ?? .distantFuture, oldest.hopeless)
        }
        return expiry
    }

    /// Empties the queue when the connection is gone: who was sent, and who certainly was not.
    mutating func removeAll() -> (sent: [Caller], unsent: [Caller]) {
        let boundary = entries.count - unsent
        let sent = entries.prefix(boundary).compactMap(\.caller)
        let rest = entries.suffix(unsent).compactMap(\.caller)
        entries.removeAll()
        unsent = 0
        return (sent, rest)
    }
}
