import Glibc

@testable import WebhookModel

private let strict = TargetPolicy.strict
private let http = TargetPolicy(allowsHTTP: true, allowsPrivate: false)
private let development = TargetPolicy(allowsHTTP: true, allowsPrivate: true)

private func read(_ url: [UInt8], _ policy: TargetPolicy) -> TargetURL? { try? TargetURL(url, policy: policy) }

/// Any bytes as a target: what is accepted has one meaning, whoever reads it and however it is spelled.
func fuzzTarget(_ url: [UInt8]) {
    let open = read(url, development)
    let strictly = read(url, strict)
    require(strictly == nil || read(url, http) == strictly, "what the strict policy takes, every policy takes alike")
    require(read(url, http) == nil || read(url, http) == open, "a switch opens, and changes no meaning")
    guard let target = open else { return }
    require(
        url.allSatisfy { (0x21...0x7E).contains($0) } && url.count <= 2048, "an accepted URL is short printing ASCII")
    let canonical = Array(target.canonicalText.utf8)
    if canonical.count <= TargetURL.maximumBytes {
        require(read(canonical, development) == target, "the canonical form means the same")
        require(read(canonical, strict) == strictly, "the canonical form is judged alike")
    }
    require(target.port == 80 || target.port == 443 || target.port > 1023, "the port is allowed")
    checkHost(target, isPublic: read(canonical, http) != nil)
    checkSpellings(target, url)
}

private func checkHost(_ target: TargetURL, isPublic: Bool) {
    switch target.host {
    case .name(let name):
        var parsed = in_addr()
        require(inet_aton(name, &parsed) == 0, "no C library reads an accepted name as an address: \(name)")
        require(!name.hasSuffix(".") && name == name.lowercased(), "a name is canonical: \(name)")
        require(!isPublic || name.contains("."), "a public name has two labels: \(name)")
    case .address(let address):
        let verdict = AddressPolicy(allowsPrivate: !isPublic).classify(address)
        require(verdict == .allow, "an accepted literal is allowed: \(address)")
        for spelling in spellings(of: address) {
            require(IPAddress(spelling) == address, "\(spelling) is \(address)")
        }
    }
}

private func spellings(of address: IPAddress) -> [String] {
    guard case .v6(let high, let low) = address else { return [address.description] }
    let groups = [high, low].flatMap { word in [48, 32, 16, 0].map { String(word >> UInt64($0) & 0xFFFF, radix: 16) } }
    let padded = groups.map { String(repeating: "0", count: 4 - $0.utf8.count) + $0 }
    let quad = [24, 16, 8, 0].map { "\(low >> UInt64($0) & 0xFF)" }.joined(separator: ".")
    return [
        address.description, groups.joined(separator: ":"), padded.joined(separator: ":").uppercased(),
        groups[..<6].joined(separator: ":") + ":" + quad,
    ]
}

/// Whatever is judged one way is judged so in every other spelling of the same target.
private func checkSpellings(_ target: TargetURL, _ url: [UInt8]) {
    let rest = String(decoding: target.pathAndQuery, as: UTF8.self)
    var hosts = [target.hostText, target.hostText.uppercased()]
    switch target.host {
    case .name(let name): hosts += [name + ".", name.uppercased() + "."]
    case .address(let address):
        if case .v6 = address { hosts += spellings(of: address).map { "[\($0)]" } }
    }
    for host in hosts {
        for scheme in [target.scheme.rawValue, target.scheme.rawValue.uppercased()] {
            let spelled = Array("\(scheme)://\(host):\(target.port)\(rest)".utf8)
            guard spelled.count <= TargetURL.maximumBytes else { continue }
            require(read(spelled, development) == target, "\(host) is the same target")
            for policy in [strict, http] {
                require((read(spelled, policy) == nil) == (read(url, policy) == nil), "\(host) is judged alike")
            }
        }
    }
}
