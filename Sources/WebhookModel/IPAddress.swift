/// An IPv4 or IPv6 address as a number. Comparisons and ranges never look at text.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    /// The first and the last 64 bits.
    case v6(UInt64, UInt64)

    /// Four plain decimals (`192.0.2.1`): no leading zeros, no other base, no missing part, nothing around them.
    package init?(dottedQuad bytes: some Collection<UInt8>) {
        guard let value = Self.quad(bytes) else { return nil }
        self = .v4(value)
    }

    /// The text of an IPv6 address without brackets and without a zone (RFC 4291, section 2.2).
    package init?(v6 bytes: some Collection<UInt8>) {
        guard let (high, low) = IPv6Text.parse(bytes) else { return nil }
        self = .v6(high, low)
    }

    /// Reads either form.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard let address = IPAddress(dottedQuad: bytes) ?? IPAddress(v6: bytes) else { return nil }
        self = address
    }

    /// The four bytes of an IPv4 address or the sixteen of an IPv6 address in network order, as in a socket address.
    package init?(networkBytes: UnsafeRawBufferPointer) {
        switch networkBytes.count {
        case 4:
            self = .v4(UInt32(bigEndian: networkBytes.loadUnaligned(as: UInt32.self)))
        case 16:
            self = .v6(
                UInt64(bigEndian: networkBytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: networkBytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        default: return nil
        }
    }

    static func quad(_ bytes: some Collection<UInt8>) -> UInt32? {
        guard bytes.count <= 15 else { return nil }
        var value: UInt32 = 0
        var parts = 0
        for part in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...3).contains(part.count), let first = part.first else { return nil }
            if part.count > 1, first == UInt8(ascii: "0") { return nil }
            var number: UInt32 = 0
            for byte in part {
                guard ASCII.isDigit(byte) else { return nil }
                number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard number <= 255, parts < 4 else { return nil }
            value = value << 8 | number
            parts += 1
        }
        return parts == 4 ? value : nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// The text form; of IPv6 that of RFC 5952 (lower case, the longest run of zeros shortened).
    package var description: String {
        switch self {
        case .v4(let value):
            "\(value >> 24).\(value >> 16 & 0xFF).\(value >> 8 & 0xFF).\(value & 0xFF)"
        case .v6(let high, let low):
            IPv6Text.format(high, low)
        }
    }
}
