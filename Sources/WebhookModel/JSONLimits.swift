/// What a JSON body may hold at most.
package struct JSONLimits: Hashable, Sendable {
    /// Objects and arrays inside each other, the outermost one included.
    package let depth: Int
    /// Members and array elements in the whole body.
    package let members: Int

    /// The longest number text in bytes.
    package static let numberLength = 400
    /// The largest body in bytes; offsets are kept in 32 bits.
    static let maximumBytes = Int(UInt32.max)

    package init(depth: Int, members: Int) {
        self.depth = depth
        self.members = members
    }

    /// For management requests.
    package static let registration = JSONLimits(depth: 64, members: 10_000)
}

/// Why a body is no acceptable JSON text.
package struct JSONProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case empty
        case byteOrderMark
        case tooLong
        /// What should have stood there.
        case expected(String)
        case unexpectedEnd
        case badUTF8
        case controlCharacter
        case badEscape
        case loneSurrogate
        case badNumber
        case longNumber
        case duplicateKey
        case tooDeep(Int)
        case tooManyMembers(Int)
        case trailing
    }

    package let reason: Reason
    /// From 1.
    package let line: Int
    /// In bytes from the start of the line, from 1.
    package let column: Int

    init(_ reason: Reason, at offset: Int, in bytes: UnsafeRawBufferPointer) {
        self.reason = reason
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = before.endIndex - lineStart + 1
    }

    /// A sentence without a word of the body's content.
    package var description: String {
        "the body is not acceptable JSON: \(explanation) at line \(line), column \(column)"
    }

    private var explanation: String {
        switch reason {
        case .empty: "it is empty"
        case .byteOrderMark: "a byte order mark"
        case .tooLong: "it is too long"
        case .expected(let what): "\(what) expected"
        case .unexpectedEnd: "it ends too early"
        case .badUTF8: "invalid UTF-8"
        case .controlCharacter: "an unescaped control character in a string"
        case .badEscape: "an invalid escape in a string"
        case .loneSurrogate: "half of a surrogate pair"
        case .badNumber: "an invalid number"
        case .longNumber: "a number of more than \(JSONLimits.numberLength) characters"
        case .duplicateKey: "a key that the object already has"
        case .tooDeep(let depth): "more than \(depth) levels"
        case .tooManyMembers(let count): "more than \(count) members and elements"
        case .trailing: "something behind the value"
        }
    }
}
