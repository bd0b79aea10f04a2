extension TargetURL {
    static func parse(_ bytes: [UInt8], policy: TargetPolicy) throws(Problem) -> TargetURL {
        guard bytes.count <= maximumBytes else { throw .tooLong }
        guard bytes.allSatisfy(isAllowed) else { throw .badCharacter }
        let (scheme, afterScheme) = try parseScheme(bytes, policy: policy)
        let authorityEnd = bytes[afterScheme...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.count
        let authority = bytes[afterScheme..<authorityEnd]
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userInfo }
        guard !authority.contains(UInt8(ascii: "%")) else { throw .badHost }
        let rest = bytes[authorityEnd...]
        guard !rest.contains(UInt8(ascii: "#")) else { throw .fragment }
        try checkPercentEncoding(rest)
        let (hostBytes, portBytes) = try splitAuthority(authority)
        let host = try TargetHost.parse(hostBytes, policy: policy)
        let port = try portBytes.map { digits throws(Problem) in try parsePort(digits) } ?? scheme.defaultPort
        guard TargetPort.isAllowed(port) else { throw .portNotAllowed }
        let needsSlash = rest.first != UInt8(ascii: "/")
        return TargetURL(
            scheme: scheme, host: host, port: port, pathAndQuery: (needsSlash ? [UInt8(ascii: "/")] : []) + rest)
    }

    /// Printing ASCII less the characters that RFC 3986 allows nowhere and parsers treat differently.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            false
        default: (0x21...0x7E).contains(byte)
        }
    }

    /// The scheme and the index behind `://`.
    private static func parseScheme(_ bytes: [UInt8], policy: TargetPolicy) throws(Problem) -> (Scheme, Int) {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[..<colon].first.map(ASCII.isLetter) == true,
            bytes[..<colon].allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || "+-.".utf8.contains($0) })
        else { throw .notAbsolute }
        let name = String(decoding: bytes[..<colon].map(ASCII.lowerCased), as: UTF8.self)
        guard let scheme = Scheme(rawValue: name), scheme == .https || policy.allowsHTTP else {
            throw .schemeNotAllowed(httpAllowed: policy.allowsHTTP)
        }
        guard bytes[colon...].starts(with: "://".utf8) else { throw .notAbsolute }
        return (scheme, colon + 3)
    }

    private static func checkPercentEncoding(_ bytes: ArraySlice<UInt8>) throws(Problem) {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < bytes.endIndex, ASCII.hexadecimalDigit(bytes[index + 1]) < 16,
                ASCII.hexadecimalDigit(bytes[index + 2]) < 16
            else { throw .badPercentEncoding }
        }
    }

    private static func splitAuthority(
        _ authority: ArraySlice<UInt8>
    ) throws(Problem) -> (host: ArraySlice<UInt8>, port: ArraySlice<UInt8>?) {
        guard !authority.isEmpty else { throw .notAbsolute }
        var colon = authority.firstIndex(of: UInt8(ascii: ":"))
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .badHost }
            let behind = authority.index(after: end)
            guard behind == authority.endIndex || authority[behind] == UInt8(ascii: ":") else { throw .badHost }
            colon = behind == authority.endIndex ? nil : behind
        }
        guard let colon else { return (authority, nil) }
        return (authority[..<colon], authority[(colon + 1)...])
    }

    private static func parsePort(_ digits: ArraySlice<UInt8>) throws(Problem) -> UInt16 {
        guard (1...5).contains(digits.count), digits.first != UInt8(ascii: "0"), digits.allSatisfy(ASCII.isDigit),
            let port = UInt16(String(decoding: digits, as: UTF8.self))
        else { throw .badPort }
        return port
    }
}

/// The grammar of hosts.
enum TargetHost {
    static func parse(_ bytes: ArraySlice<UInt8>, policy: TargetPolicy) throws(TargetURL.Problem) -> TargetURL.Host {
        guard let address = try literal(bytes) else { return .name(try name(bytes, policy: policy)) }
        guard policy.addresses.allows(address) else { throw .addressNotAllowed }
        return .address(address)
    }

    /// An address in brackets or a dotted quad; nil when it has to be a name.
    private static func literal(_ bytes: ArraySlice<UInt8>) throws(TargetURL.Problem) -> IPAddress? {
        guard bytes.first == UInt8(ascii: "[") else { return IPAddress(dottedQuad: bytes) }
        guard bytes.last == UInt8(ascii: "]"), let address = IPAddress(v6: bytes.dropFirst().dropLast()) else {
            throw .badHost
        }
        return address
    }

    private static func name(
        _ bytes: ArraySlice<UInt8>, policy: TargetPolicy
    ) throws(TargetURL.Problem) -> String {
        let stripped = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes
        guard (1...253).contains(stripped.count) else { throw .badHost }
        let labels = stripped.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel), let last = labels.last, !isNumber(last) else { throw .badHost }
        let name = String(decoding: stripped.map(ASCII.lowerCased), as: UTF8.self)
        guard policy.allowsPrivate || !isInternal(name, labels: labels.count) else { throw .internalName }
        return name
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
            && label.allSatisfy {
                ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    /// What other parsers may read as the end of an IPv4 address: digits, or anything that begins like a hexadecimal
    /// number.
    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        label.allSatisfy(ASCII.isDigit) || label.map(ASCII.lowerCased).starts(with: "0x".utf8)
    }

    private static let internalDomains = ["localhost", "local", "internal", "svc", "lan", "home.arpa"]

    private static func isInternal(_ name: String, labels: Int) -> Bool {
        labels == 1 || internalDomains.contains { name == $0 || name.hasSuffix("." + $0) }
    }
}

/// The ports that deliveries may go to.
enum TargetPort {
    /// The "bad ports" of the WHATWG Fetch standard above 1023: services that would act on an HTTP request's bytes.
    private static let bad: Set<UInt16> = [
        1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10_080,
    ]

    static func isAllowed(_ port: UInt16) -> Bool {
        port == 443 || port == 80 || port > 1023 && !bad.contains(port)
    }
}
