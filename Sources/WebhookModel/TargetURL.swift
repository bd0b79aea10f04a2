/// Which targets this installation accepts.
package struct TargetPolicy: Hashable, Sendable {
    /// `http` beside `https`: for development only.
    package let allowsHTTP: Bool
    /// Private addresses, single-label and internal names: for development only.
    package let allowsPrivate: Bool

    /// What production runs with: `https` and public addresses alone.
    package static let strict = TargetPolicy(allowsHTTP: false, allowsPrivate: false)

    package init(allowsHTTP: Bool, allowsPrivate: Bool) {
        self.allowsHTTP = allowsHTTP
        self.allowsPrivate = allowsPrivate
    }

    package var addresses: AddressPolicy { AddressPolicy(allowsPrivate: allowsPrivate) }
}

/// Where deliveries go, taken apart from the raw bytes of a submitted URL by one strict grammar.
///
/// Nothing is decoded, mapped or repaired: what does not fit is refused. The request and the name that is resolved are
/// built from these parts, never from the submitted text.
package struct TargetURL: Hashable, Sendable {
    package enum Scheme: String, Hashable, Sendable {
        case http
        case https
        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package enum Host: Hashable, Sendable {
        /// Lower case, without a trailing dot.
        case name(String)
        /// A literal. It is judged like any other address, at every attempt too.
        case address(IPAddress)
    }

    package let scheme: Scheme
    package let host: Host
    package let port: UInt16
    /// The path and the query as submitted; begins with `/`. What stands in the request line.
    package let pathAndQuery: [UInt8]

    package static let maximumBytes = 2048

    /// Reads a target.
    ///
    /// - Throws: ``Problem`` for the first rule that it breaks; of a literal address also when the policy blocks it.
    package init(_ text: String, policy: TargetPolicy) throws(Problem) {
        self = try Self.parse(Array(text.utf8), policy: policy)
    }

    package init(_ bytes: [UInt8], policy: TargetPolicy) throws(Problem) {
        self = try Self.parse(bytes, policy: policy)
    }

    init(scheme: Scheme, host: Host, port: UInt16, pathAndQuery: [UInt8]) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.pathAndQuery = pathAndQuery
    }

    /// The host as it stands in a URL: a name, a dotted quad, or an IPv6 address in brackets.
    package var hostText: String {
        switch host {
        case .name(let name): name
        case .address(let address):
            if case .v6 = address { "[\(address)]" } else { address.description }
        }
    }

    /// The bytes of the `Host` field: the port only when it is not the scheme's own.
    package var hostHeader: [UInt8] {
        var bytes = Array(hostText.utf8)
        if port != scheme.defaultPort {
            bytes.append(UInt8(ascii: ":"))
            Decimal.append(UInt64(port), to: &bytes)
        }
        return bytes
    }

    /// The canonical URL: equal targets have equal texts. May hold a token: not for logs.
    package var canonicalText: String {
        "\(scheme.rawValue)://\(String(decoding: hostHeader, as: UTF8.self))\(String(decoding: pathAndQuery, as: UTF8.self))"
    }

    /// Why a text is no acceptable target. The description goes on from the field's name, and tells nothing of what a
    /// name resolves to.
    package enum Problem: Error, Hashable, CustomStringConvertible {
        case tooLong
        case badCharacter
        case notAbsolute
        case schemeNotAllowed(httpAllowed: Bool)
        case userInfo
        case fragment
        case badPercentEncoding
        case badHost
        case internalName
        case badPort
        case portNotAllowed
        case addressNotAllowed

        package var description: String {
            switch self {
            case .tooLong: "must be at most 2048 bytes long"
            case .badCharacter: "contains a character that is not allowed in a URL"
            case .notAbsolute: "must be an absolute URL: https://host/path"
            case .schemeNotAllowed(let httpAllowed): httpAllowed ? "must use https or http" : "must use https"
            case .userInfo: "must not contain user information"
            case .fragment: "must not contain a fragment"
            case .badPercentEncoding: "contains a % that is not followed by two hexadecimal digits"
            case .badHost: "has a host that is neither a plain ASCII name nor an IP address"
            case .internalName: "must not name an internal host"
            case .badPort: "has a port that is not a number from 1 to 65535"
            case .portNotAllowed: "uses a port that is not allowed: use 443, 80 or one above 1023"
            case .addressNotAllowed: "is refused: target address is not allowed"
            }
        }
    }
}
