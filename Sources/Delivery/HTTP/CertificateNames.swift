import NIOSSL

/// Whether a certificate is for a name, by its DNS entries alone.
///
/// NIOSSL also takes a certificate that names the address connected to when a name was asked for. An attacker who can forge
/// the answers of DNS can have such a certificate for an address of his own, so it says nothing about the name (RFC 9110,
/// section 4.3.4: the name of the URL is what has to match).
enum CertificateNames {
    /// A check on top of NIOSSL's own, which has passed.
    ///
    /// - Parameter name: Lower case, without a dot behind it.
    static func allow(_ certificate: NIOSSLCertificate, for name: String) -> Bool {
        var names: [[UInt8]] = []
        var hasAddress = false
        for entry in certificate._subjectAlternativeNames() {
            if entry.nameType == .dnsName { names.append(Array(entry.contents)) }
            if entry.nameType == .ipAddress { hasAddress = true }
        }
        // Without an address NIOSSL can only have matched a name.
        return !hasAddress || names.contains { matches($0, Array(name.utf8)) }
    }

    /// Whether a certificate's name is `name`, or a wildcard for exactly its first label (RFC 6125, section 6.4.3).
    static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var pattern = pattern.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if pattern.last == UInt8(ascii: ".") { pattern.removeLast() }
        if pattern == name { return !pattern.isEmpty }
        guard pattern.starts(with: "*.".utf8), let dot = name.firstIndex(of: UInt8(ascii: ".")), dot > 0 else {
            return false
        }
        let rest = pattern[1...]
        // At least two labels behind the star: `*.com` is for nobody.
        return rest == name[dot...] && rest.dropFirst().contains(UInt8(ascii: "."))
    }
}
