import NIOCore

/// Small numbers, each with a deadline, all given the same time from their insertion on: so they expire in the order in
/// which they came, and the list is a queue. Insertion and removal cost a few array writes and no allocation.
struct ExpiryList {
    private struct Entry {
        var deadline = NIODeadline.uptimeNanoseconds(0)
        var previous = ExpiryList.none
        var next = ExpiryList.none
        var isMember = false
    }

    private static let none = -1
    private var entries: [Entry] = []
    private var head = ExpiryList.none
    private var tail = ExpiryList.none

    /// The deadline that comes first.
    var earliest: NIODeadline? { head == Self.none ? nil : entries[head].deadline }

    /// The member whose deadline comes first.
    var first: Int? { head == Self.none ? nil : head }

    /// Adds `number`, which must not be a member, behind all others.
    mutating func append(_ number: Int, deadline: NIODeadline) {
        while entries.count <= number { entries.append(Entry()) }
        precondition(!entries[number].isMember, "\(number) is in the list already")
        entries[number] = Entry(deadline: deadline, previous: tail, isMember: true)
        if tail == Self.none { head = number } else { entries[tail].next = number }
        tail = number
    }

    /// Takes `number` out; nothing happens when it is no member.
    mutating func remove(_ number: Int) {
        guard number < entries.count, entries[number].isMember else { return }
        let entry = entries[number]
        if entry.previous == Self.none { head = entry.next } else { entries[entry.previous].next = entry.next }
        if entry.next == Self.none { tail = entry.previous } else { entries[entry.next].previous = entry.previous }
        entries[number].isMember = false
    }

    /// Takes out and returns one member whose deadline has come.
    mutating func popExpired(at now: NIODeadline) -> Int? {
        guard head != Self.none, entries[head].deadline <= now else { return nil }
        let number = head
        remove(number)
        return number
    }
}
