import Foundation
import TestSupport
import Testing

@testable import WebhookModel

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", 0), ("255.255.255.255", .max), ("1.2.3.4", 0x0102_0304), ("127.0.0.1", 0x7F00_0001),
            ("10.20.30.40", 0x0A14_1E28), ("100.100.100.100", 0x6464_6464),
        ] as [(String, UInt32)])
    func `four plain decimals are an IPv4 address`(text: String, value: UInt32) {
        #expect(IPAddress(text) == .v4(value))
        #expect(IPAddress(dottedQuad: Array(text.utf8)) == .v4(value))
        #expect(IPAddress.v4(value).description == text)
    }

    @Test(arguments: [
        "", ".", "...", "1", "1.2", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", ".1.2.3.4", "1.2.3.4.5",
        "256.1.1.1",
        "1.1.1.256", "1.1.1.999", "01.2.3.4", "1.02.3.4", "1.2.3.04", "00.0.0.0", "0.0.0.00", "001.2.3.4", "0x7f.0.0.1",
        "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "127.0.1", "1e1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.+4",
        "1.2.3.-4", "-1.2.3.4", "1,2,3,4", "1.2.3.4/8", "1.2.3.4:80", "1.2.3.4%eth0", "a.b.c.d", "１.2.3.4", "1.2.3.٤",
        "1。2。3。4",
        "1.2.3.4\u{0}", "1.2.3.4\n", "1234.1.1.1", "1.2.3.0004", "4294967296", "[1.2.3.4]",
    ])
    func `any other text is no dotted quad`(text: String) {
        #expect(IPAddress(dottedQuad: Array(text.utf8)) == nil)
        #expect(IPAddress(text) == nil)
    }

    @Test(
        arguments: [
            ("::", 0, 0), ("::1", 0, 1), ("1::", 0x0001_0000_0000_0000, 0), ("0:0:0:0:0:0:0:0", 0, 0),
            ("2001:db8::1", 0x2001_0DB8_0000_0000, 1), ("2001:DB8::A", 0x2001_0DB8_0000_0000, 0xA),
            ("1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004, 0x0005_0006_0007_0008),
            ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000),
            ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008), ("1::8", 0x0001_0000_0000_0000, 8),
            ("1:2:3::6:7:8", 0x0001_0002_0003_0000, 0x0000_0006_0007_0008), ("::ffff:1.2.3.4", 0, 0xFFFF_0102_0304),
            ("::1.2.3.4", 0, 0x0102_0304), ("64:ff9b::192.0.2.33", 0x0064_FF9B_0000_0000, 0xC000_0221),
            ("1:2:3:4:5:6:7.8.9.10", 0x0001_0002_0003_0004, 0x0005_0006_0708_090A),
            ("0001:0002:0003:0004:0005:0006:0007:0008", 0x0001_0002_0003_0004, 0x0005_0006_0007_0008),
            ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", .max, .max),
            ("1::1.2.3.4", 0x0001_0000_0000_0000, 0x0102_0304),
        ] as [(String, UInt64, UInt64)])
    func `the text forms of RFC 4291 are IPv6 addresses`(text: String, high: UInt64, low: UInt64) {
        #expect(IPAddress(text) == .v6(high, low))
        #expect(IPAddress(v6: Array(text.uppercased().utf8)) == .v6(high, low))
    }

    @Test(arguments: [
        "", ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", ":1", "1:", "12345::", "::12345", "g::", "::g",
        "1::%eth0", "fe80::1%1",
        "fe80::1%25eth0", "[::1]", "::1]", "[::1", " ::1", "::1 ", "::1/128", "1.2.3.4::", "::1.2.3", "::1.2.3.4.5",
        "::1.2.3.256",
        "::01.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::ffff:0x7f.0.0.1", "::ffff:127.1",
        "v1.x", "::\u{661}",
        "0x1::", "::-1", "::+1", "1:2:3:4:5:6:7:8\u{0}", "::1.2.3.4.", "::.1.2.3.4", "::ffff:1.2.3.4:",
        "00001::", "1::00000", "0000:0000:0000:0000:0000:0000:0000:0000:0000",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550",
    ])
    func `any other text is no IPv6 address`(text: String) {
        #expect(IPAddress(v6: Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:0:0:0:0:0", "1::"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("0:1:0:0:0:0:0:0", "0:1::"), ("::ffff:1.2.3.4", "::ffff:102:304"), ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"),
        ("0:0:1:0:0:1:0:0", "::1:0:0:1:0:0"),
    ])
    func `an IPv6 address is written as RFC 5952 says`(text: String, written: String) throws {
        #expect(try #require(IPAddress(text)).description == written)
    }

    @Test func `random addresses come back from their text, and the system agrees`() throws {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<3000 {
            // Groups of zeros are what is hard about the text.
            let mask = generator.next() & generator.next()
            let high = (0..<4).reduce(UInt64(0)) {
                $0 << 16 | (mask >> UInt64($1) & 1 == 0 ? generator.next() & 0xFFFF : 0)
            }
            let low = (4..<8).reduce(UInt64(0)) {
                $0 << 16 | (mask >> UInt64($1) & 1 == 0 ? generator.next() & 0xFFFF : 0)
            }
            let address = IPAddress.v6(high, low)
            #expect(IPAddress(address.description) == address)
            #expect(system(address.description) == address)
        }
    }

    @Test func `a text that the system's strict reader refuses is never an address here`() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("0123456789abcdefF::::....%[]x ".unicodeScalars)
        for _ in 0..<30_000 {
            let text = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 1...24, using: &generator)).map { _ in
                        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                    }))
            let own = IPAddress(text)
            #expect(own == system(text), "\(text)")
        }
    }

    @Test func `the bytes of a socket address are read in network order`() {
        let v4: [UInt8] = [192, 0, 2, 1]
        let v6: [UInt8] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]
        #expect(v4.withUnsafeBytes { IPAddress(networkBytes: $0) } == .v4(0xC000_0201))
        #expect(v6.withUnsafeBytes { IPAddress(networkBytes: $0) } == .v6(0x2001_0DB8_0000_0000, 9))
        for count in [0, 3, 5, 15, 17] {
            #expect(Array(repeating: UInt8(0), count: count).withUnsafeBytes { IPAddress(networkBytes: $0) } == nil)
        }
    }

    /// What inet_pton reads.
    private func system(_ text: String) -> IPAddress? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return .v4(UInt32(bigEndian: v4.s_addr)) }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        return withUnsafeBytes(of: &v6) { IPAddress(networkBytes: $0) }
    }
}
