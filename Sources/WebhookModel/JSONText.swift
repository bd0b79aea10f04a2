/// The bytes of JSON strings and of what stands between tokens.
enum JSONText {
    @inline(__always)
    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Whether a byte stands for itself in a string and is ASCII.
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// The high bit of each of the eight bytes that is not plain; exact up to and including the lowest one.
    @inline(__always)
    static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let isQuote = (quotes &- ones) & ~quotes
        let isBackslash = (backslashes &- ones) & ~backslashes
        let isControl = (word &- ones &* 0x20) & ~word
        return (isQuote | isBackslash | isControl | word) & (ones &* 0x80)
    }

    /// The length of the well-formed UTF-8 sequence that starts at `index` with a byte above ASCII (RFC 3629); nil when
    /// it is none.
    static func utf8Length(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
        let first = bytes[index]
        let length: Int
        // What the second byte may be: narrower after a few first bytes (overlong forms, surrogates, above U+10FFFF).
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { second = 0xA0...0xBF }
            if first == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { second = 0x90...0xBF }
            if first == 0xF4 { second = 0x80...0x8F }
        default: return nil
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return nil }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// The UTF-16 code unit of the escape `\uXXXX` that starts at `index`; nil when there is none.
    static func codeUnit(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt16? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let digit = ASCII.hexadecimalDigit(bytes[index + offset])
            guard digit < 16 else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Appends what the inside of a scanned string stands for.
    static func appendUnescaped(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                output.append(text[index])
                index += 1
                continue
            }
            switch text[index + 1] {
            case UInt8(ascii: "u"):
                index += appendUnicodeEscape(text, at: index, to: &output)
                continue
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case let itself: output.append(itself)
            }
            index += 2
        }
    }

    /// Returns the length of the escape, which is that of two for a surrogate pair.
    private static func appendUnicodeEscape(
        _ text: UnsafeRawBufferPointer, at index: Int, to output: inout [UInt8]
    ) -> Int {
        guard let first = codeUnit(text, at: index) else { preconditionFailure("the scanner has checked the escape") }
        var value = UInt32(first)
        var length = 6
        if first & 0xFC00 == 0xD800, let second = codeUnit(text, at: index + 6) {
            value = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
            length = 12
        }
        guard let scalar = Unicode.Scalar(value) else { preconditionFailure("the scanner refuses lone surrogates") }
        output.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        return length
    }

    /// Appends a scanned value without the white space between its tokens; everything else byte for byte.
    static func appendCompact(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var index = 0
        while index < text.count {
            let start = index
            while index < text.count, !isWhiteSpace(text[index]) {
                if text[index] == UInt8(ascii: "\"") { index = endOfString(text, from: index) } else { index += 1 }
            }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index]))
            while index < text.count, isWhiteSpace(text[index]) { index += 1 }
        }
    }

    /// The index behind the closing quote of the string that starts at `index`.
    private static func endOfString(_ text: UnsafeRawBufferPointer, from index: Int) -> Int {
        var index = index + 1
        while text[index] != UInt8(ascii: "\"") { index += text[index] == UInt8(ascii: "\\") ? 2 : 1 }
        return index + 1
    }
}
