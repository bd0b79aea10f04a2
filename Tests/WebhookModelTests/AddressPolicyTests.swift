import TestSupport
import Testing

@testable import WebhookModel

@Suite struct AddressPolicyTests {
    private let strict = AddressPolicy(allowsPrivate: false)
    private let development = AddressPolicy(allowsPrivate: true)

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text), "\(text)") }

    @Test(arguments: BlockedRange.v4 + BlockedRange.v6)
    func `a blocked range is blocked from its first to its last address and no further`(range: BlockedRange) throws {
        #expect(!strict.allows(try address(range.first)))
        #expect(!strict.allows(try address(range.last)))
        for (text, neighbour) in [range.before, range.after] where neighbour != .none {
            #expect(strict.allows(try address(text)) == (neighbour == .allowed), "\(text)")
        }
    }

    @Test(arguments: BlockedRange.v4 + BlockedRange.v6)
    func `the development switch opens private ranges and no other`(range: BlockedRange) throws {
        #expect(development.allows(try address(range.first)) == range.opens)
        #expect(development.allows(try address(range.last)) == range.opens)
    }

    @Test(arguments: BlockedRange.cloud)
    func `cloud platform addresses stay blocked whatever the switches say`(text: String) throws {
        #expect(!strict.allows(try address(text)))
        #expect(!development.allows(try address(text)))
    }

    @Test(arguments: BlockedRange.open)
    func `ordinary public addresses are within reach`(text: String) throws {
        #expect(strict.allows(try address(text)))
        #expect(development.allows(try address(text)))
    }

    @Test func `random addresses inside a range are blocked`() throws {
        var generator = SeededGenerator(seed: 41)
        for range in BlockedRange.v4 {
            guard case .v4(let first) = try address(range.first), case .v4(let last) = try address(range.last) else {
                continue
            }
            for _ in 0..<200 { #expect(!strict.allows(.v4(.random(in: first...last, using: &generator)))) }
        }
        for range in BlockedRange.v6 {
            guard case .v6(let high, let low) = try address(range.first),
                case .v6(let lastHigh, let lastLow) = try address(range.last)
            else { continue }
            for _ in 0..<200 {
                let upper = UInt64.random(in: high...lastHigh, using: &generator)
                let lower = UInt64.random(
                    in: (upper == high ? low : 0)...(upper == lastHigh ? lastLow : .max), using: &generator)
                #expect(!strict.allows(.v6(upper, lower)))
            }
        }
    }

    @Test func `every form that embeds an IPv4 address is blocked, public or private, in development too`() throws {
        for quad in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "1.1.1.1", "0.0.0.0", "255.255.255.255"] {
            guard case .v4(let value) = try address(quad) else { continue }
            let low = UInt64(value)
            let forms: [(String, IPAddress)] = [
                ("mapped", .v6(0, 0xFFFF_0000_0000 | low)), ("compatible", .v6(0, low | (low < 2 ? 2 : 0))),
                ("translated", .v6(0, 0xFFFF_0000_0000_0000 | low)), ("NAT64", .v6(0x0064_FF9B_0000_0000, low)),
                ("NAT64, local", .v6(0x0064_FF9B_0001_0000, low)), ("6to4", .v6(0x2002_0000_0000_0000 | low << 16, 1)),
                ("Teredo server", .v6(0x2001_0000_0000_0000 | low, 1)),
                ("Teredo client", .v6(0x2001_0000_0808_0808, 0x0000_FFFF_FFFF_FFFF ^ low)),
            ]
            for (name, form) in forms {
                #expect(strict.classify(form) == .deny(.transition), "\(name) of \(quad)")
                #expect(development.classify(form) == .deny(.transition), "\(name) of \(quad)")
            }
        }
    }

    @Test(
        arguments: [
            ("0.0.0.0", .unspecified), ("::", .unspecified), ("127.0.0.1", .loopback), ("::1", .loopback),
            ("10.1.2.3", .privateUse),
            ("fd12::1", .privateUse), ("169.254.1.1", .linkLocal), ("fe80::1", .linkLocal),
            ("168.63.129.16", .cloudMetadata),
            ("fd00:ec2::254", .cloudMetadata), ("100.100.100.200", .cloudMetadata), ("224.0.0.251", .multicast),
            ("ff02::1", .multicast),
            ("192.0.2.1", .reserved), ("2001:db8::1", .reserved), ("4000::1", .reserved),
            ("::ffff:8.8.8.8", .transition),
        ] as [(String, AddressPolicy.Reason)])
    func `a blocked address has a reason`(text: String, reason: AddressPolicy.Reason) throws {
        #expect(strict.classify(try address(text)) == .deny(reason))
    }
}
