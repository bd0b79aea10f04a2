/// The grammar of a `Host` field: a name or an IPv4 address, or an IPv6 address in brackets, and a port (RFC 9110, 7.2).
///
/// Which host it names decides nothing here; a value that is none is a sign of a request that two servers would read
/// differently.
enum HostField {
    static func isValid(_ text: some StringProtocol) -> Bool {
        var text = String(text)
        return text.withUTF8 { isValid($0) }
    }

    private static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= 261 else { return false }
        var index = 0
        if first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")), end > 2,
                bytes[1..<end].allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return false }
            index = end + 1
        } else {
            while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
            guard index > 0 else { return false }
        }
        guard index < bytes.count else { return true }
        let port = bytes[(index + 1)...]
        return bytes[index] == UInt8(ascii: ":") && port.count <= 5 && port.allSatisfy { isDigit($0) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6
    }
}
