/// A JSON text that the strict reader has accepted, with the places of its values.
///
/// Values are handed out as views of the original bytes; nothing is decoded before it is asked for.
package struct JSONDocument: Sendable {
    let bytes: [UInt8]
    let nodes: [JSONNode]
    /// The most objects and arrays that stand inside each other.
    package let depth: Int

    /// Reads a whole text.
    ///
    /// - Throws: ``JSONProblem`` unless it is exactly one JSON value (RFC 8259) in UTF-8 without a byte order mark, without
    ///   duplicate keys, lone surrogates or numbers of more than 400 characters, and within the limits.
    package init(_ bytes: [UInt8], limits: JSONLimits) throws(JSONProblem) {
        let scanned: Result<([JSONNode], Int), JSONProblem> = bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer, limits: limits)
            do throws(JSONProblem) {
                try scanner.scan()
            } catch {
                return .failure(error)
            }
            return .success((scanner.nodes, scanner.deepest))
        }
        (nodes, depth) = try scanned.get()
        self.bytes = bytes
    }

    package var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// One value of a ``JSONDocument``.
package struct JSONValue: Sendable {
    let document: JSONDocument
    let index: Int

    var node: JSONNode { document.nodes[index] }

    package var isObject: Bool { node.kind == .object }
    package var isArray: Bool { node.kind == .array }
    package var isString: Bool { node.kind == .string }
    package var isNull: Bool { node.kind == .null }

    /// Where the value's own bytes stand in the text.
    package var range: Range<Int> { Int(node.start)..<Int(node.end) }

    /// The members and elements of the value and of all it holds.
    package var memberCount: Int { Int(node.members) }

    /// The text of a string, escapes resolved; nil for any other kind.
    package var string: String? {
        guard isString else { return nil }
        return document.text(range.lowerBound + 1..<range.upperBound - 1, hasEscape: node.hasEscape)
    }

    /// nil for anything but `true` and `false`.
    package var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A number written without fraction and exponent that fits 64 bits; nil for anything else.
    package var integer: Int64? {
        guard node.kind == .number else { return nil }
        return Int64(String(decoding: document.bytes[range], as: UTF8.self))
    }

    /// The elements of an array; nil for any other kind.
    package var elements: [JSONValue]? {
        isArray ? children : nil
    }

    /// The values of the members of an object in their order, each with its ``key``; nil for any other kind.
    package var members: [JSONValue]? {
        isObject ? children : nil
    }

    /// The member of that name; nil when there is none, or this is no object.
    package func member(_ name: StaticString) -> JSONValue? {
        guard isObject else { return nil }
        var child = index + 1
        while child < node.next {
            if document.key(of: child, equals: name) { return JSONValue(document: document, index: child) }
            child = Int(document.nodes[child].next)
        }
        return nil
    }

    /// The key of a member, escapes resolved.
    package var key: String {
        document.text(Int(node.keyStart)..<Int(node.keyEnd), hasEscape: node.keyHasEscape)
    }

    /// Appends the value's own bytes less the white space between its tokens.
    package func appendCompact(to output: inout [UInt8]) {
        document.bytes.withUnsafeBytes { bytes in
            let own = UnsafeRawBufferPointer(rebasing: bytes[range])
            if node.whiteSpace == 0 {
                output.append(contentsOf: own)
            } else {
                JSONText.appendCompact(own, to: &output)
            }
        }
    }

    /// The length of what ``appendCompact(to:)`` appends.
    package var compactCount: Int { range.count - Int(node.whiteSpace) }

    private var children: [JSONValue] {
        var values: [JSONValue] = []
        var child = index + 1
        while child < node.next {
            values.append(JSONValue(document: document, index: child))
            child = Int(document.nodes[child].next)
        }
        return values
    }
}

extension JSONDocument {
    fileprivate func text(_ range: Range<Int>, hasEscape: Bool) -> String {
        guard hasEscape else { return String(decoding: bytes[range], as: UTF8.self) }
        var output: [UInt8] = []
        output.reserveCapacity(range.count)
        bytes.withUnsafeBytes {
            JSONText.appendUnescaped(UnsafeRawBufferPointer(rebasing: $0[range]), to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    fileprivate func key(of index: Int, equals name: StaticString) -> Bool {
        let node = nodes[index]
        let range = Int(node.keyStart)..<Int(node.keyEnd)
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        if node.keyHasEscape { return text(range, hasEscape: true).utf8.elementsEqual(wanted) }
        guard range.count == wanted.count else { return false }
        return bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[range]).elementsEqual(wanted) }
    }
}
