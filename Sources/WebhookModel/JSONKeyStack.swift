/// The keys of all open objects, to find a key that its object already has.
///
/// Keys are compared as what they stand for, escapes resolved. An object with few keys compares each with each; above
/// ``linearLimit`` it gets a hash table with Swift's seeded hash, so that no choice of keys makes it slow.
struct JSONKeyStack {
    private struct Key {
        /// The length and the first bytes, which tell most keys apart.
        let length: Int
        let first: UInt64
        let start: Int
        /// Whether the bytes stand in the arena of unescaped keys instead of the text.
        let isUnescaped: Bool
    }

    private struct OpenObject {
        let keys: Int
        let arena: Int
        var table: JSONKeyTable?
    }

    private static let linearLimit = 16
    private var keys: [Key] = []
    private var arena: [UInt8] = []
    private var objects: [OpenObject] = []

    mutating func openObject() {
        objects.append(OpenObject(keys: keys.count, arena: arena.count, table: nil))
    }

    mutating func closeObject() {
        guard let object = objects.popLast() else { preconditionFailure("an object closes that was opened") }
        keys.removeLast(keys.count - object.keys)
        arena.removeLast(arena.count - object.arena)
    }

    /// Adds a key of the innermost open object; false when it has it already.
    mutating func insert(_ range: Range<Int>, hasEscape: Bool, in text: UnsafeRawBufferPointer) -> Bool {
        let key = hasEscape ? unescapedKey(range, in: text) : plainKey(text, range)
        let object = objects.count - 1
        let firstKey = objects[object].keys
        if objects[object].table == nil {
            for index in firstKey..<keys.count where equal(keys[index], key, in: text) { return false }
            keys.append(key)
            if keys.count - firstKey > Self.linearLimit { buildTable(of: object, in: text) }
            return true
        }
        let hash = hash(of: key, in: text)
        let known = objects[object].table?.contains(hash) { equal(keys[$0], key, in: text) } ?? false
        guard !known else { return false }
        objects[object].table?.insert(keys.count, hash: hash)
        keys.append(key)
        return true
    }

    private mutating func buildTable(of object: Int, in text: UnsafeRawBufferPointer) {
        var table = JSONKeyTable()
        for index in objects[object].keys..<keys.count { table.insert(index, hash: hash(of: keys[index], in: text)) }
        objects[object].table = table
    }

    private func plainKey(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Key {
        Key(length: range.count, first: Self.firstBytes(bytes, range), start: range.lowerBound, isUnescaped: false)
    }

    private mutating func unescapedKey(_ range: Range<Int>, in text: UnsafeRawBufferPointer) -> Key {
        let start = arena.count
        JSONText.appendUnescaped(UnsafeRawBufferPointer(rebasing: text[range]), to: &arena)
        let end = arena.count
        let first = arena.withUnsafeBytes { Self.firstBytes($0, start..<end) }
        return Key(length: end - start, first: first, start: start, isUnescaped: true)
    }

    private static func firstBytes(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
        if range.count >= 8 { return bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self) }
        var value: UInt64 = 0
        for index in range { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    private func equal(_ left: Key, _ right: Key, in text: UnsafeRawBufferPointer) -> Bool {
        guard left.length == right.length, left.first == right.first else { return false }
        if left.length <= 8 { return true }
        return withBytes(of: left, in: text) { leftBytes in
            withBytes(of: right, in: text) { leftBytes.elementsEqual($0) }
        }
    }

    private func hash(of key: Key, in text: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        withBytes(of: key, in: text) { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private func withBytes<Result>(
        of key: Key, in text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let range = key.start..<key.start + key.length
        guard key.isUnescaped else { return body(UnsafeRawBufferPointer(rebasing: text[range])) }
        return arena.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

/// A hash table of key indices with open addressing.
struct JSONKeyTable {
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    private var hashes: [Int] = Array(repeating: 0, count: 64)
    private var count = 0

    func contains(_ hash: Int, where isEqual: (Int) -> Bool) -> Bool {
        var slot = hash & (slots.count - 1)
        while slots[slot] >= 0 {
            if hashes[slot] == hash, isEqual(Int(slots[slot])) { return true }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }

    mutating func insert(_ index: Int, hash: Int) {
        if count * 2 >= slots.count { grow() }
        place(Int32(index), hash)
        count += 1
    }

    private mutating func place(_ index: Int32, _ hash: Int) {
        var slot = hash & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = index
        hashes[slot] = hash
    }

    private mutating func grow() {
        let oldSlots = slots
        let oldHashes = hashes
        slots = Array(repeating: -1, count: oldSlots.count * 2)
        hashes = Array(repeating: 0, count: oldSlots.count * 2)
        for slot in oldSlots.indices where oldSlots[slot] >= 0 { place(oldSlots[slot], oldHashes[slot]) }
    }
}
