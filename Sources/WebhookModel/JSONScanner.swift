/// Reads a JSON text (RFC 8259) once from front to back and notes where its values stand.
///
/// It has no recursion: the open objects and arrays are a stack of indices, so no input can exhaust the machine's stack.
/// Every rule is checked on the way: grammar, UTF-8, surrogate pairs, duplicate keys, the limits.
struct JSONScanner: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    let limits: JSONLimits
    var index = 0
    private(set) var nodes: [JSONNode] = []
    private(set) var deepest = 0
    /// Indices of the open objects and arrays.
    private var open: [Int] = []
    private var keys = JSONKeyStack()
    private var members = 0
    private var whiteSpace = 0

    init(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
        nodes.reserveCapacity(min(bytes.count / 12 + 8, 4096))
    }

    mutating func scan() throws(JSONProblem) {
        guard bytes.count <= JSONLimits.maximumBytes else { throw problem(.tooLong, at: 0) }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw problem(.byteOrderMark, at: 0) }
        skipWhiteSpace()
        guard index < bytes.count else { throw problem(.empty) }
        try scanValue(JSONNode(kind: .null, start: 0))
        while let container = open.last {
            if nodes[container].kind == .object {
                try scanNextMember(of: container)
            } else {
                try scanNextElement(of: container)
            }
        }
        skipWhiteSpace()
        guard index == bytes.count else { throw problem(.trailing) }
    }

    func problem(_ reason: JSONProblem.Reason, at offset: Int? = nil) -> JSONProblem {
        JSONProblem(reason, at: offset ?? index, in: bytes)
    }

    /// The problem at a byte that is not what the grammar wants there.
    private func expected(_ what: String) -> JSONProblem {
        problem(index < bytes.count ? .expected(what) : .unexpectedEnd)
    }

    // MARK: Values

    /// Reads one value, or only the opening bracket of an object or array, into a node that has its key already.
    private mutating func scanValue(_ template: JSONNode) throws(JSONProblem) {
        var node = template
        node.start = UInt32(truncatingIfNeeded: index)
        guard index < bytes.count else { throw problem(.unexpectedEnd) }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try open(.object, node)
        case UInt8(ascii: "["): return try open(.array, node)
        case UInt8(ascii: "\""):
            node.kind = .string
            node.hasEscape = try scanString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            node.kind = .number
            try scanNumber()
        case UInt8(ascii: "t"):
            node.kind = .true
            try scanWord("true")
        case UInt8(ascii: "f"):
            node.kind = .false
            try scanWord("false")
        case UInt8(ascii: "n"):
            node.kind = .null
            try scanWord("null")
        default: throw problem(.expected("a value"))
        }
        node.end = UInt32(truncatingIfNeeded: index)
        node.next = UInt32(truncatingIfNeeded: nodes.count + 1)
        nodes.append(node)
    }

    private mutating func open(_ kind: JSONNode.Kind, _ template: JSONNode) throws(JSONProblem) {
        guard open.count < limits.depth else { throw problem(.tooDeep(limits.depth)) }
        var node = template
        node.kind = kind
        // The differences to the values at the end are what lies between.
        node.members = UInt32(truncatingIfNeeded: members)
        node.whiteSpace = UInt32(truncatingIfNeeded: whiteSpace)
        open.append(nodes.count)
        nodes.append(node)
        deepest = max(deepest, open.count)
        if kind == .object { keys.openObject() }
        index += 1
    }

    private mutating func close(_ container: Int) {
        index += 1
        open.removeLast()
        nodes[container].end = UInt32(truncatingIfNeeded: index)
        nodes[container].next = UInt32(truncatingIfNeeded: nodes.count)
        nodes[container].members = UInt32(truncatingIfNeeded: members) - nodes[container].members
        nodes[container].whiteSpace = UInt32(truncatingIfNeeded: whiteSpace) - nodes[container].whiteSpace
        if nodes[container].kind == .object { keys.closeObject() }
    }

    private mutating func countMember() throws(JSONProblem) {
        members += 1
        guard members <= limits.members else { throw problem(.tooManyMembers(limits.members)) }
    }

    /// Reads `,` or the end, and the next element when there is one.
    private mutating func scanNextElement(of container: Int) throws(JSONProblem) {
        skipWhiteSpace()
        let isFirst = nodes.count == container + 1
        if next(is: "]") { return close(container) }
        if !isFirst {
            guard next(is: ",") else { throw expected("a comma or ]") }
            index += 1
            skipWhiteSpace()
        }
        try countMember()
        try scanValue(JSONNode(kind: .null, start: 0))
    }

    /// Reads `,` or the end, and the next member when there is one.
    private mutating func scanNextMember(of container: Int) throws(JSONProblem) {
        skipWhiteSpace()
        let isFirst = nodes.count == container + 1
        if next(is: "}") { return close(container) }
        if !isFirst {
            guard next(is: ",") else { throw expected("a comma or }") }
            index += 1
            skipWhiteSpace()
        }
        guard next(is: "\"") else { throw expected(isFirst ? "a key or }" : "a key") }
        try countMember()
        let keyStart = index + 1
        let hasEscape = try scanString()
        let keyEnd = index - 1
        guard keys.insert(keyStart..<keyEnd, hasEscape: hasEscape, in: bytes) else {
            throw problem(.duplicateKey, at: keyStart - 1)
        }
        skipWhiteSpace()
        guard next(is: ":") else { throw expected("a colon") }
        index += 1
        skipWhiteSpace()
        var node = JSONNode(kind: .null, start: 0)
        node.keyStart = UInt32(truncatingIfNeeded: keyStart)
        node.keyEnd = UInt32(truncatingIfNeeded: keyEnd)
        node.keyHasEscape = hasEscape
        try scanValue(node)
    }

    // MARK: Tokens

    @inline(__always)
    private func next(is character: Unicode.Scalar) -> Bool {
        index < bytes.count && bytes[index] == UInt8(ascii: character)
    }

    @inline(__always)
    private mutating func skipWhiteSpace() {
        let start = index
        while index < bytes.count, JSONText.isWhiteSpace(bytes[index]) { index += 1 }
        whiteSpace += index - start
    }

    private mutating func scanWord(_ word: StaticString) throws(JSONProblem) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index + offset < bytes.count else { throw problem(.unexpectedEnd, at: bytes.count) }
            guard bytes[index + offset] == word.utf8Start[offset] else { throw problem(.expected("a value")) }
        }
        index += word.utf8CodeUnitCount
    }
}
