import HTTPTypes
package import WebhookModel

/// A block of addresses: one address, or `10.0.0.0/8`.
package struct AddressBlock: Sendable, Hashable {
    private let address: IPAddress
    private let prefix: Int

    /// nil for what is neither.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let bits = if case .v4 = address { 32 } else { 128 }
        self.address = address
        guard parts.count == 2 else {
            prefix = bits
            return
        }
        guard parts[1].utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let length = Int(parts[1]),
            (0...bits).contains(length)
        else { return nil }
        prefix = length
    }

    package func contains(_ other: IPAddress) -> Bool {
        switch (address, other) {
        case (.v4(let own), .v4(let other)): Self.agree(UInt64(own) << 32, UInt64(other) << 32, bits: prefix)
        case (.v6(let high, let low), .v6(let otherHigh, let otherLow)):
            Self.agree(high, otherHigh, bits: min(prefix, 64)) && Self.agree(low, otherLow, bits: max(prefix - 64, 0))
        default: false
        }
    }

    private static func agree(_ left: UInt64, _ right: UInt64, bits: Int) -> Bool {
        bits == 0 || (left ^ right) >> UInt64(64 - bits) == 0
    }
}

/// Who is at the other end: the address that rates are counted for.
struct PeerAddresses: Sendable {
    /// Proxies whose `X-Forwarded-For` is believed; nobody else's is.
    let trusted: [AddressBlock]

    /// - Parameter connected: The other end of the connection; nil for a unix socket.
    func peer(connected: IPAddress?, headers: HTTPFields) -> IPAddress? {
        guard let connected else { return nil }
        guard isTrusted(connected) else { return Self.site(connected) }
        // Each proxy adds whom it saw behind what it was told: the last that is no proxy of ours is the peer.
        let hops = headers[fields: .forwardedFor].flatMap { $0.value.split(separator: ",") }
        var nearest = connected
        for hop in hops.reversed() {
            guard let address = Self.address(hop.trimmedOfSpaces) else { break }
            nearest = Self.unmapped(address)
            guard isTrusted(nearest) else { break }
        }
        return Self.site(nearest)
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        let address = Self.unmapped(address)
        return trusted.contains { $0.contains(address) }
    }

    /// An address as proxies write it: some add a port.
    private static func address(_ text: Substring) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        if text.first == "[", let end = text.firstIndex(of: "]") {
            return IPAddress(text[text.index(after: text.startIndex)..<end])
        }
        return text.firstIndex(of: ":").flatMap { IPAddress(text[..<$0]) }
    }

    /// What one subscriber has: an IPv4 address, or the 64 bits of an IPv6 network.
    private static func site(_ address: IPAddress) -> IPAddress {
        switch unmapped(address) {
        case .v6(let high, _): .v6(high, 0)
        case let address: address
        }
    }

    /// The IPv4 address in an IPv6 socket's `::ffff:192.0.2.1`.
    private static func unmapped(_ address: IPAddress) -> IPAddress {
        guard case .v6(0, let low) = address, low >> 32 == 0xFFFF else { return address }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For").unsafelyUnwrapped
}
