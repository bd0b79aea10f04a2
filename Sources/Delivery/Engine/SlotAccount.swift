/// Who holds how much of a node: attempts in flight and tokens that wait in memory take a slot each.
struct SlotAccount {
    /// All slots.
    let capacity: Int
    /// At most this many are held by tokens of the slow class, so that endpoints that hang leave room for the others.
    let slowCapacity: Int
    /// At most this many bytes of bodies are held; one call may go beyond by one body.
    let byteCapacity: Int
    private(set) var held = 0
    private(set) var slow = 0
    /// Promised to a call that is on its way.
    private(set) var reserved = 0
    private(set) var reservedBytes = 0
    private(set) var bytes = 0

    init(capacity: Int, byteCapacity: Int) {
        precondition(capacity > 0, "a node has slots")
        self.capacity = capacity
        slowCapacity = max(1, capacity / 4)
        self.byteCapacity = byteCapacity
    }

    var free: Int { max(0, capacity - held - reserved) }
    var freeSlow: Int { max(0, min(free, slowCapacity - slow)) }
    var freeBytes: Int { max(0, byteCapacity - bytes - reservedBytes) }
    /// At most this many are held by one workspace.
    var workspaceCapacity: Int { max(1, capacity / 2) }

    mutating func reserve(slots: Int = 0, bytes: Int = 0) {
        reserved += slots
        reservedBytes += bytes
    }

    mutating func endReservation(slots: Int = 0, bytes: Int = 0) {
        reserved -= slots
        reservedBytes -= bytes
        assert(reserved >= 0 && reservedBytes >= 0, "more given back than was promised")
    }

    mutating func take(isSlow: Bool) {
        held += 1
        if isSlow { slow += 1 }
    }

    mutating func release(isSlow: Bool) {
        held -= 1
        if isSlow { slow -= 1 }
        assert(held >= 0 && slow >= 0, "a slot was released twice")
    }

    mutating func takeBody(bytes count: Int) { bytes += count }

    mutating func releaseBody(bytes count: Int) {
        bytes -= count
        assert(bytes >= 0, "a body was released twice")
    }
}
