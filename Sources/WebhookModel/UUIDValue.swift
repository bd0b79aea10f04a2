/// A UUID as two 64-bit words: 16 bytes without a reference, compared and hashed as integers.
///
/// The text form is RFC 9562's: 36 characters, lower case when written, any case when read.
package struct UUIDValue: Hashable, Sendable {
    /// The first 8 bytes, big-endian: of a version 7 UUID the time, the version and 12 random bits.
    package let high: UInt64
    /// The last 8 bytes, big-endian: the variant and 62 random bits.
    package let low: UInt64

    /// The length of the text form in bytes.
    package static let textLength = 36

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The version number of RFC 9562 (0 to 15), as written in the UUID itself.
    package var version: Int { Int(high >> 12 & 0xF) }

    /// The milliseconds since 1970 in the first 48 bits; meaningful for the versions that are made here, 7 and 8.
    package var milliseconds: Int64 { Int64(high >> 16) }
}

extension UUIDValue: Comparable {
    /// The order of the text forms, which for version 7 is the order of creation.
    package static func < (left: UUIDValue, right: UUIDValue) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

// MARK: - Making new ones

extension UUIDValue {
    /// A version 7 UUID (RFC 9562, section 5.7): a time in milliseconds since 1970 and 74 random bits.
    ///
    /// Two of the same millisecond are in no particular order.
    package static func version7(milliseconds: Int64) -> UUIDValue {
        var generator = SystemRandomNumberGenerator()
        return version7(milliseconds: milliseconds, using: &generator)
    }

    package static func version7(
        milliseconds: Int64, using generator: inout some RandomNumberGenerator
    ) -> UUIDValue {
        timed(version: 7, milliseconds: milliseconds, using: &generator)
    }

    /// A version 8 UUID (RFC 9562, section 5.8: free use), laid out like version 7: the id of a test event.
    package static func version8(milliseconds: Int64) -> UUIDValue {
        var generator = SystemRandomNumberGenerator()
        return timed(version: 8, milliseconds: milliseconds, using: &generator)
    }

    private static func timed(
        version: UInt64, milliseconds: Int64, using generator: inout some RandomNumberGenerator
    ) -> UUIDValue {
        let time = UInt64(truncatingIfNeeded: milliseconds) << 16
        return UUIDValue(
            high: time | version << 12 | generator.next() & 0xFFF,
            low: 0x8000_0000_0000_0000 | generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// A version 4 UUID: 122 random bits.
    package static func random() -> UUIDValue {
        var generator = SystemRandomNumberGenerator()
        return UUIDValue(
            high: generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: 0x8000_0000_0000_0000 | generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
    }
}

// MARK: - Reading

extension UUIDValue {
    /// Reads the 36 bytes of a text form, hexadecimal digits in any case; nil for anything else.
    package init?(ascii: UnsafeRawBufferPointer) {
        guard ascii.count == Self.textLength,
            ascii[8] == UInt8(ascii: "-"), ascii[13] == UInt8(ascii: "-"),
            ascii[18] == UInt8(ascii: "-"), ascii[23] == UInt8(ascii: "-")
        else { return nil }
        var failed: UInt8 = 0
        let first = Self.word(ascii, 0..<8, &failed)
        let second = Self.word(ascii, 9..<13, &failed)
        let third = Self.word(ascii, 14..<18, &failed)
        let fourth = Self.word(ascii, 19..<23, &failed)
        let fifth = Self.word(ascii, 24..<36, &failed)
        guard failed & 0xF0 == 0 else { return nil }
        self.init(high: first << 32 | second << 16 | third, low: fourth << 48 | fifth)
    }

    package init?(_ bytes: [UInt8]) {
        guard let value = bytes.withUnsafeBytes({ UUIDValue(ascii: $0) }) else { return nil }
        self = value
    }

    package init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let value = text.withUTF8({ UUIDValue(ascii: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// The number that hexadecimal digits spell; a byte that is no digit leaves a high nibble in `failed`.
    private static func word(
        _ ascii: UnsafeRawBufferPointer, _ range: Range<Int>, _ failed: inout UInt8
    ) -> UInt64 {
        var value: UInt64 = 0
        for index in range {
            let digit = ASCII.hexadecimalDigit(ascii[index])
            failed |= digit
            value = value << 4 | UInt64(digit & 0xF)
        }
        return value
    }
}

// MARK: - Writing

extension UUIDValue: CustomStringConvertible {
    /// The text form, lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            write(to: UnsafeMutableRawBufferPointer(buffer))
            return Self.textLength
        }
    }

    /// Appends the 36 bytes of the text form.
    package func append(to bytes: inout [UInt8]) {
        withText { bytes.append(contentsOf: $0) }
    }

    /// Gives the 36 bytes of the text form to `body`, without a heap allocation.
    package func withText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Self.textLength, alignment: 8) { buffer in
            write(to: buffer)
            return body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Writes the text form into the first 36 bytes of `buffer`.
    ///
    /// - Precondition: the buffer has room for 36 bytes.
    package func write(to buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.textLength, "a UUID is 36 bytes of text")
        let firstHalf = Self.hexadecimal(UInt32(truncatingIfNeeded: high >> 32))
        let secondHalf = Self.hexadecimal(UInt32(truncatingIfNeeded: high))
        let thirdHalf = Self.hexadecimal(UInt32(truncatingIfNeeded: low >> 32))
        let fourthHalf = Self.hexadecimal(UInt32(truncatingIfNeeded: low))
        buffer.storeBytes(of: firstHalf.bigEndian, toByteOffset: 0, as: UInt64.self)
        buffer.storeBytes(of: Self.upper(secondHalf).bigEndian, toByteOffset: 9, as: UInt32.self)
        buffer.storeBytes(of: Self.lower(secondHalf).bigEndian, toByteOffset: 14, as: UInt32.self)
        buffer.storeBytes(of: Self.upper(thirdHalf).bigEndian, toByteOffset: 19, as: UInt32.self)
        buffer.storeBytes(of: Self.lower(thirdHalf).bigEndian, toByteOffset: 24, as: UInt32.self)
        buffer.storeBytes(of: fourthHalf.bigEndian, toByteOffset: 28, as: UInt64.self)
        buffer[8] = UInt8(ascii: "-")
        buffer[13] = UInt8(ascii: "-")
        buffer[18] = UInt8(ascii: "-")
        buffer[23] = UInt8(ascii: "-")
    }

    private static func upper(_ digits: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: digits >> 32) }
    private static func lower(_ digits: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: digits) }

    /// The eight ASCII digits of a word, the first in the highest byte, all computed at once.
    private static func hexadecimal(_ word: UInt32) -> UInt64 {
        // Spread the eight nibbles over eight bytes.
        var nibbles = UInt64(word)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 1 in each byte whose nibble is above 9: there the digit is a letter, 39 further in ASCII.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }
}
