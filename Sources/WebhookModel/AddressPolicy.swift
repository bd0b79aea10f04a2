/// Decides whether a delivery may be sent to an address: by the numbers alone, at registration for literals and at
/// every attempt for the address that is really connected to.
///
/// IPv4 is allowed unless a range of ``blockedV4`` covers it. IPv6 is allowed only inside `2000::/3` and unless a range
/// of ``blockedV6`` covers it. The ranges are those that the IANA special-purpose registries do not list as globally
/// reachable, the anycast and transition services among those that they do, and the platform addresses of clouds.
package struct AddressPolicy: Hashable, Sendable {
    /// Whether private and loopback addresses may be reached: for development only. Cloud metadata, link-local,
    /// multicast and unspecified addresses and every form that embeds another address stay blocked.
    package let allowsPrivate: Bool

    package init(allowsPrivate: Bool) {
        self.allowsPrivate = allowsPrivate
    }

    package enum Verdict: Hashable, Sendable {
        case allow
        case deny(Reason)
    }

    /// Why an address is blocked: for operators and tests, never for a tenant.
    package enum Reason: String, Hashable, Sendable {
        case unspecified
        case loopback
        case privateUse
        case linkLocal
        case cloudMetadata
        case multicast
        case reserved
        /// Embeds or stands for an IPv4 address: mapped, compatible, translated, NAT64, 6to4, Teredo.
        case transition

        /// Whether the development switch for private targets opens it.
        var isPrivate: Bool { self == .privateUse || self == .loopback }
    }

    package func classify(_ address: IPAddress) -> Verdict {
        guard let reason = Self.reason(address) else { return .allow }
        return allowsPrivate && reason.isPrivate ? .allow : .deny(reason)
    }

    package func allows(_ address: IPAddress) -> Bool { classify(address) == .allow }

    private static func reason(_ address: IPAddress) -> Reason? {
        switch address {
        case .v4(let value):
            return blockedV4.first { $0.contains(value) }?.reason
        case .v6(let high, let low):
            if let range = blockedV6.first(where: { $0.contains(high, low) }) { return range.reason }
            return high >> 61 == 1 ? nil : .reserved
        }
    }
}
