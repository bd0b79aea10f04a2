/// A blocked IPv4 range.
struct BlockedV4: Sendable {
    let base: UInt32
    let mask: UInt32
    let reason: AddressPolicy.Reason

    init(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ prefix: Int, _ reason: AddressPolicy.Reason) {
        mask = ~UInt32(0) << UInt32(32 - prefix)
        base = (a << 24 | b << 16 | c << 8 | d) & mask
        self.reason = reason
    }

    func contains(_ address: UInt32) -> Bool { address & mask == base }
}

/// A blocked IPv6 range.
struct BlockedV6: Sendable {
    let high: UInt64
    let low: UInt64
    let highMask: UInt64
    let lowMask: UInt64
    let reason: AddressPolicy.Reason

    init(_ high: UInt64, _ low: UInt64, _ prefix: Int, _ reason: AddressPolicy.Reason) {
        // A shift by 64 gives zero.
        highMask = ~UInt64(0) << UInt64(64 - min(prefix, 64))
        lowMask = ~UInt64(0) << UInt64(128 - max(prefix, 64))
        self.high = high & highMask
        self.low = low & lowMask
        self.reason = reason
    }

    func contains(_ high: UInt64, _ low: UInt64) -> Bool {
        high & highMask == self.high && low & lowMask == self.low
    }
}

extension AddressPolicy {
    /// The first range that covers an address gives the reason, so single addresses stand before their ranges.
    static let blockedV4: [BlockedV4] = [
        // Cloud platforms: blocked whatever the switches say.
        BlockedV4(100, 100, 100, 200, 32, .cloudMetadata),  // Alibaba
        BlockedV4(168, 63, 129, 16, 32, .cloudMetadata),  // Azure WireServer: an ordinary public address otherwise
        BlockedV4(192, 0, 0, 192, 32, .cloudMetadata),  // Oracle Cloud classic
        // IANA IPv4 special-purpose address registry.
        BlockedV4(0, 0, 0, 0, 8, .unspecified),  // this network, RFC 791
        BlockedV4(10, 0, 0, 0, 8, .privateUse),  // RFC 1918
        BlockedV4(100, 64, 0, 0, 10, .privateUse),  // shared address space, RFC 6598
        BlockedV4(127, 0, 0, 0, 8, .loopback),  // RFC 1122
        BlockedV4(169, 254, 0, 0, 16, .linkLocal),  // RFC 3927; the metadata services of most clouds
        BlockedV4(172, 16, 0, 0, 12, .privateUse),  // RFC 1918
        BlockedV4(192, 0, 0, 0, 24, .reserved),  // IETF protocol assignments, RFC 6890
        BlockedV4(192, 0, 2, 0, 24, .reserved),  // TEST-NET-1, RFC 5737
        BlockedV4(192, 31, 196, 0, 24, .reserved),  // AS112-v4, RFC 7535
        BlockedV4(192, 52, 193, 0, 24, .reserved),  // AMT, RFC 7450
        BlockedV4(192, 88, 99, 0, 24, .transition),  // 6to4 and 6a44 relay anycast, RFC 7526, RFC 6751
        BlockedV4(192, 168, 0, 0, 16, .privateUse),  // RFC 1918
        BlockedV4(192, 175, 48, 0, 24, .reserved),  // AS112 direct delegation, RFC 7534
        BlockedV4(198, 18, 0, 0, 15, .reserved),  // benchmarking, RFC 2544
        BlockedV4(198, 51, 100, 0, 24, .reserved),  // TEST-NET-2, RFC 5737
        BlockedV4(203, 0, 113, 0, 24, .reserved),  // TEST-NET-3, RFC 5737
        BlockedV4(224, 0, 0, 0, 4, .multicast),  // RFC 5771
        BlockedV4(240, 0, 0, 0, 4, .reserved),  // RFC 1112, and limited broadcast
    ]

    /// What lies outside `2000::/3` is blocked without a row; the rows there only give a better reason.
    static let blockedV6: [BlockedV6] = [
        // Cloud platforms: blocked whatever the switches say, though they are unique local addresses.
        BlockedV6(0xFD00_0EC2_0000_0000, 0, 32, .cloudMetadata),  // AWS: metadata (::254), pod credentials (::23)
        BlockedV6(0xFD00_0042_0000_0000, 0x42, 128, .cloudMetadata),  // Scaleway
        BlockedV6(0xFD20_00CE_0000_0000, 0x254, 128, .cloudMetadata),  // GCP
        // IANA IPv6 special-purpose address registry, and RFC 4291.
        BlockedV6(0, 0, 128, .unspecified),
        BlockedV6(0, 1, 128, .loopback),
        BlockedV6(0, 0x0000_FFFF_0000_0000, 96, .transition),  // IPv4-mapped
        BlockedV6(0, 0, 96, .transition),  // IPv4-compatible
        BlockedV6(0, 0xFFFF_0000_0000_0000, 96, .transition),  // IPv4-translated, RFC 2765
        BlockedV6(0x0064_FF9B_0000_0000, 0, 96, .transition),  // NAT64, RFC 6052
        BlockedV6(0x0064_FF9B_0001_0000, 0, 48, .transition),  // NAT64 for local use, RFC 8215
        BlockedV6(0x0100_0000_0000_0000, 0, 64, .reserved),  // discard-only, RFC 6666
        BlockedV6(0x0100_0000_0000_0001, 0, 64, .reserved),  // dummy prefix, RFC 9780
        BlockedV6(0x2001_0000_0000_0000, 0, 32, .transition),  // Teredo, RFC 4380
        BlockedV6(0x2001_0000_0000_0000, 0, 23, .reserved),  // IETF protocol assignments, RFC 2928
        BlockedV6(0x2001_0DB8_0000_0000, 0, 32, .reserved),  // documentation, RFC 3849
        BlockedV6(0x2002_0000_0000_0000, 0, 16, .transition),  // 6to4, RFC 3056
        BlockedV6(0x2620_004F_8000_0000, 0, 48, .reserved),  // AS112 direct delegation, RFC 7534
        BlockedV6(0x3FFF_0000_0000_0000, 0, 20, .reserved),  // documentation, RFC 9637
        BlockedV6(0x5F00_0000_0000_0000, 0, 16, .reserved),  // SRv6 SIDs, RFC 9602
        BlockedV6(0xFC00_0000_0000_0000, 0, 7, .privateUse),  // unique local, RFC 4193
        BlockedV6(0xFE80_0000_0000_0000, 0, 10, .linkLocal),  // RFC 4291
        BlockedV6(0xFEC0_0000_0000_0000, 0, 10, .privateUse),  // site-local (deprecated), RFC 3879
        BlockedV6(0xFF00_0000_0000_0000, 0, 8, .multicast),  // RFC 4291
    ]
}
