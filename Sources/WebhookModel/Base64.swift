/// Base64 of RFC 4648: the standard alphabet with padding (section 4), and the URL-safe one without (section 5).
package enum Base64 {
    private static let standardAlphabet = StaticString(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    private static let urlAlphabet = StaticString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// Appends the padded standard base64 of `input`.
    package static func append(_ input: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        encode(input, alphabet: standardAlphabet, padded: true, to: &output)
    }

    /// The padded standard base64 of `bytes`.
    package static func text(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        bytes.withUnsafeBytes { append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends the URL-safe base64 of `input` without padding.
    package static func appendURLSafe(_ input: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        encode(input, alphabet: urlAlphabet, padded: false, to: &output)
    }

    private static func encode(
        _ input: UnsafeRawBufferPointer, alphabet: StaticString, padded: Bool, to output: inout [UInt8]
    ) {
        let letters = alphabet.utf8Start
        var index = 0
        while index + 3 <= input.count {
            let group = UInt32(input[index]) << 16 | UInt32(input[index + 1]) << 8 | UInt32(input[index + 2])
            output.append(letters[Int(group >> 18)])
            output.append(letters[Int(group >> 12 & 63)])
            output.append(letters[Int(group >> 6 & 63)])
            output.append(letters[Int(group & 63)])
            index += 3
        }
        let rest = input.count - index
        guard rest > 0 else { return }
        let group = UInt32(input[index]) << 16 | (rest == 2 ? UInt32(input[index + 1]) << 8 : 0)
        output.append(letters[Int(group >> 18)])
        output.append(letters[Int(group >> 12 & 63)])
        if rest == 2 { output.append(letters[Int(group >> 6 & 63)]) }
        if padded { output.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - rest)) }
    }

    /// The bytes that padded standard base64 spells; nil for any other character, missing padding or unused bits
    /// that are not zero, so that every key has exactly one spelling.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in text {
            if byte == UInt8(ascii: "=") {
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let digit = standardDigit(byte) else { return nil }
                group = group << 6 | digit
            }
            digits += 1
            guard digits == 4 else { continue }
            guard padding <= 2, group & (padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0) == 0 else { return nil }
            output.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { output.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { output.append(UInt8(truncatingIfNeeded: group)) }
            group = 0
            digits = 0
        }
        return output
    }

    private static func standardDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
