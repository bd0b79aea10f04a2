extension JSONScanner {
    // MARK: Numbers

    /// Reads a number by the grammar of RFC 8259, section 6.
    mutating func scanNumber() throws(JSONProblem) {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "0") {
            index += 1
            if index < bytes.count, ASCII.isDigit(bytes[index]) { throw problem(.badNumber, at: start) }
        } else {
            try scanDigits(from: start)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try scanDigits(from: start)
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try scanDigits(from: start)
        }
        guard index - start <= JSONLimits.numberLength else { throw problem(.longNumber, at: start) }
    }

    /// Reads at least one digit.
    private mutating func scanDigits(from start: Int) throws(JSONProblem) {
        let first = index
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        guard index > first else { throw problem(.badNumber, at: start) }
    }

    // MARK: Strings

    /// Reads a string with its quotes; says whether it holds a backslash.
    mutating func scanString() throws(JSONProblem) -> Bool {
        let start = index
        var hasEscape = false
        index += 1
        while true {
            skipPlainCharacters()
            guard index < bytes.count else { throw problem(.unexpectedEnd, at: bytes.count) }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return hasEscape
            case UInt8(ascii: "\\"):
                hasEscape = true
                try scanEscape()
            case 0..<0x20:
                throw problem(.controlCharacter)
            case 0x80...:
                guard let length = JSONText.utf8Length(bytes, at: index) else { throw problem(.badUTF8) }
                index += length
            default:
                preconditionFailure("a plain character at \(index) of a string from \(start) was not skipped")
            }
        }
    }

    /// Goes to the next quote, backslash, control character or byte above ASCII, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainCharacters() {
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let special = JSONText.specialBytes(word)
            guard special == 0 else {
                // The lowest marked byte is the first special one; marks above it may be wrong and do not matter.
                index += special.trailingZeroBitCount >> 3
                return
            }
            index += 8
        }
        while index < bytes.count, JSONText.isPlain(bytes[index]) { index += 1 }
    }

    private mutating func scanEscape() throws(JSONProblem) {
        guard index + 1 < bytes.count else { throw problem(.unexpectedEnd, at: bytes.count) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            guard let unit = JSONText.codeUnit(bytes, at: index) else { throw problem(.badEscape) }
            if unit & 0xF800 == 0xD800 {
                guard unit < 0xDC00, let second = JSONText.codeUnit(bytes, at: index + 6), second & 0xFC00 == 0xDC00
                else { throw problem(.loneSurrogate) }
                index += 12
            } else {
                index += 6
            }
        default: throw problem(.badEscape)
        }
    }
}
