/// The text form of IPv6 addresses: RFC 4291, section 2.2, to read; RFC 5952 to write.
enum IPv6Text {
    /// Reads eight groups of one to four hexadecimal digits, `::` once for one or more groups of zeros, and a dotted
    /// quad for the last two; nil for anything else, a zone too.
    static func parse(_ text: some Collection<UInt8>) -> (UInt64, UInt64)? {
        let bytes = Array(text)
        guard (2...45).contains(bytes.count) else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var index = 0
        if bytes[0] == colon {
            guard bytes[1] == colon else { return nil }
            gap = 0
            index = 2
        }
        while index < bytes.count {
            guard groups.count < 8 else { return nil }
            let end = bytes[index...].firstIndex(of: colon) ?? bytes.count
            if bytes[index..<end].contains(UInt8(ascii: ".")) {
                guard end == bytes.count, groups.count <= 6, let quad = IPAddress.quad(bytes[index..<end]) else {
                    return nil
                }
                groups.append(UInt16(quad >> 16))
                groups.append(UInt16(quad & 0xFFFF))
                break
            }
            guard let group = self.group(bytes[index..<end]) else { return nil }
            groups.append(group)
            index = end
            guard index < bytes.count else { break }
            index += 1
            guard index < bytes.count else { return nil }
            if bytes[index] == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                index += 1
            }
        }
        return words(groups, gap: gap)
    }

    private static let colon = UInt8(ascii: ":")

    private static func group(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for byte in digits {
            let digit = ASCII.hexadecimalDigit(byte)
            guard digit < 16 else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func words(_ groups: [UInt16], gap: Int?) -> (UInt64, UInt64)? {
        var all = groups
        if let gap {
            guard groups.count < 8 else { return nil }
            all.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard all.count == 8 else { return nil }
        let high = all[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = all[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return (high, low)
    }

    static func format(_ high: UInt64, _ low: UInt64) -> String {
        let groups = [high, low].flatMap { word in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: word >> UInt64($0)) }
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count > 1 else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}
