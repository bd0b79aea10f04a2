/// A range of blocked addresses as the registries write it, with the addresses around it.
struct BlockedRange: Sendable, CustomStringConvertible {
    enum Neighbour: Sendable { case allowed, blocked, none }

    let first: String
    let last: String
    let name: String
    /// The address before the first, and whether it may be reached.
    let before: (text: String, Neighbour)
    /// The address behind the last.
    let after: (text: String, Neighbour)
    /// Whether the development switch opens it.
    let opens: Bool

    var description: String { "\(first) to \(last), \(name)" }

    private init(
        _ first: String, _ last: String, _ name: String, _ before: (String, Neighbour), _ after: (String, Neighbour),
        opens: Bool = false
    ) {
        self.first = first
        self.last = last
        self.name = name
        self.before = before
        self.after = after
        self.opens = opens
    }

    /// Every row of the IPv4 table.
    static let v4: [BlockedRange] = [
        .init("0.0.0.0", "0.255.255.255", "this network", ("", .none), ("1.0.0.0", .allowed)),
        .init(
            "10.0.0.0", "10.255.255.255", "private use", ("9.255.255.255", .allowed), ("11.0.0.0", .allowed),
            opens: true),
        .init(
            "100.64.0.0", "100.127.255.255", "shared space", ("100.63.255.255", .allowed), ("100.128.0.0", .allowed),
            opens: true),
        .init(
            "127.0.0.0", "127.255.255.255", "loopback", ("126.255.255.255", .allowed), ("128.0.0.0", .allowed),
            opens: true),
        .init("168.63.129.16", "168.63.129.16", "Azure", ("168.63.129.15", .allowed), ("168.63.129.17", .allowed)),
        .init("169.254.0.0", "169.254.255.255", "link-local", ("169.253.255.255", .allowed), ("169.255.0.0", .allowed)),
        .init(
            "172.16.0.0", "172.31.255.255", "private use", ("172.15.255.255", .allowed), ("172.32.0.0", .allowed),
            opens: true),
        .init(
            "192.0.0.0", "192.0.0.255", "protocol assignments", ("191.255.255.255", .allowed), ("192.0.1.0", .allowed)),
        .init("192.0.2.0", "192.0.2.255", "TEST-NET-1", ("192.0.1.255", .allowed), ("192.0.3.0", .allowed)),
        .init("192.31.196.0", "192.31.196.255", "AS112-v4", ("192.31.195.255", .allowed), ("192.31.197.0", .allowed)),
        .init("192.52.193.0", "192.52.193.255", "AMT", ("192.52.192.255", .allowed), ("192.52.194.0", .allowed)),
        .init("192.88.99.0", "192.88.99.255", "6to4 relay", ("192.88.98.255", .allowed), ("192.88.100.0", .allowed)),
        .init(
            "192.168.0.0", "192.168.255.255", "private use", ("192.167.255.255", .allowed), ("192.169.0.0", .allowed),
            opens: true),
        .init("192.175.48.0", "192.175.48.255", "AS112", ("192.175.47.255", .allowed), ("192.175.49.0", .allowed)),
        .init("198.18.0.0", "198.19.255.255", "benchmarking", ("198.17.255.255", .allowed), ("198.20.0.0", .allowed)),
        .init("198.51.100.0", "198.51.100.255", "TEST-NET-2", ("198.51.99.255", .allowed), ("198.51.101.0", .allowed)),
        .init("203.0.113.0", "203.0.113.255", "TEST-NET-3", ("203.0.112.255", .allowed), ("203.0.114.0", .allowed)),
        .init("224.0.0.0", "239.255.255.255", "multicast", ("223.255.255.255", .allowed), ("240.0.0.0", .blocked)),
        .init("240.0.0.0", "255.255.255.255", "reserved", ("239.255.255.255", .blocked), ("", .none)),
    ]

    /// Every row of the IPv6 table.
    static let v6: [BlockedRange] = [
        .init("::", "::", "unspecified", ("", .none), ("::1", .blocked)),
        .init("::1", "::1", "loopback", ("::", .blocked), ("::2", .blocked), opens: true),
        .init("::2", "::ffff:ffff", "IPv4-compatible", ("::1", .blocked), ("::1:0:0", .blocked)),
        .init("::ffff:0:0", "::ffff:ffff:ffff", "IPv4-mapped", ("::fffe:ffff:ffff", .blocked), ("::1:0:0:0", .blocked)),
        .init(
            "::ffff:0:0:0", "::ffff:0:ffff:ffff", "IPv4-translated", ("::fffe:ffff:ffff:ffff", .blocked),
            ("::ffff:1:0:0", .blocked)),
        .init(
            "64:ff9b::", "64:ff9b::ffff:ffff", "NAT64", ("64:ff9a:ffff:ffff::", .blocked), ("64:ff9b::1:0:0", .blocked)),
        .init(
            "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64, local", ("64:ff9b:0:ffff::", .blocked),
            ("64:ff9b:2::", .blocked)),
        .init("100::", "100::ffff:ffff:ffff:ffff", "discard", ("ff:ffff::", .blocked), ("100:0:0:1::", .blocked)),
        .init(
            "100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "dummy", ("100::ffff:0:0:0", .blocked),
            ("100:0:0:2::", .blocked)),
        .init(
            "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo",
            ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .allowed),
            ("2001:1::", .blocked)),
        .init("2001:1::1", "2001:1::3", "anycast", ("2001:1::", .blocked), ("2001:1::4", .blocked)),
        .init(
            "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking", ("2001:1:ffff::", .blocked),
            ("2001:2:1::", .blocked)),
        .init(
            "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "AMT", ("2001:2:ffff::", .blocked),
            ("2001:4::", .blocked)),
        .init(
            "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", "AS112-v6", ("2001:4:111:ffff::", .blocked),
            ("2001:4:113::", .blocked)),
        .init(
            "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID", ("2001:f:ffff::", .blocked),
            ("2001:20::", .blocked)),
        .init(
            "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHIDv2", ("2001:1f:ffff::", .blocked),
            ("2001:30::", .blocked)),
        .init(
            "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "drones", ("2001:2f:ffff::", .blocked),
            ("2001:40::", .blocked)),
        .init(
            "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignments", ("2001:3f:ffff::", .blocked),
            ("2001:200::", .allowed)),
        .init(
            "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation",
            ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", .allowed), ("2001:db9::", .allowed)),
        .init(
            "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4",
            ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .allowed),
            ("2003::", .allowed)),
        .init(
            "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "AS112",
            ("2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", .allowed), ("2620:4f:8001::", .allowed)),
        .init(
            "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation",
            ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .allowed), ("3fff:1000::", .allowed)),
        .init(
            "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "SRv6", ("5eff:ffff::", .blocked), ("5f01::", .blocked)
        ),
        .init(
            "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local",
            ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .blocked), ("fe00::", .blocked), opens: true),
        .init(
            "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local", ("fe7f:ffff::", .blocked),
            ("fec0::", .blocked)),
        .init(
            "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local", ("febf:ffff::", .blocked),
            ("ff00::", .blocked),
            opens: true),
        .init(
            "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast",
            ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .blocked), ("", .none)),
        // All that is not 2000::/3.
        .init(
            "200::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not global unicast", ("1ff:ffff::", .blocked),
            ("2000::", .allowed)),
        .init(
            "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not global unicast",
            ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .allowed), ("5f00::", .blocked)),
    ]

    /// Single addresses of cloud platforms, which no switch opens.
    static let cloud = [
        "169.254.169.254", "168.63.129.16", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192",
        "169.254.42.42", "fd00:ec2::254", "fd00:ec2::23", "fd00:42::42", "fd20:ce::254",
    ]

    /// Ordinary addresses that must stay within reach.
    static let open = [
        "1.1.1.1", "8.8.8.8", "9.9.9.9", "93.184.216.34", "104.16.132.229", "151.101.1.69", "185.199.108.153",
        "52.95.110.1", "223.255.255.254", "192.0.1.1", "198.20.1.1",
        "2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe", "2a00:1450:4001:82a::200e",
        "2400:cb00:2048:1::c629:d7a2",
        "2001:500:88:200::10", "2001:7fd::1", "2003::1", "3000::1",
    ]
}
