/// What is wrong with a Redis URL. The text never quotes the user or the password.
package struct RedisURLError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

extension RedisConfiguration {
    /// Reads `redis://[user:password@]host[:port][/database]`, `rediss://…` (TLS) or `unix:///path[?db=database]`.
    ///
    /// A user may stand alone, `user@`, where the password is given elsewhere. Both may be percent-encoded; an IPv6 address
    /// stands in brackets.
    package init(url: String) throws(RedisURLError) {
        guard let separator = url.firstRange(of: "://") else {
            throw RedisURLError(description: "it must begin with redis://, rediss:// or unix://")
        }
        let rest = url[separator.upperBound...]
        switch url[..<separator.lowerBound].lowercased() {
        case "redis": self = try Self.network(rest, tls: nil)
        case "rediss": self = try Self.network(rest, tls: RedisTLS())
        case "unix": self = try Self.unixSocket(rest)
        default: throw RedisURLError(description: "the scheme must be redis, rediss or unix")
        }
    }

    private static func unixSocket(_ rest: Substring) throws(RedisURLError) -> RedisConfiguration {
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts.first ?? "")
        guard path.hasPrefix("/"), path.utf8.count > 1 else {
            throw RedisURLError(description: "the path of a unix socket must be absolute: unix:///run/redis.sock")
        }
        guard path.utf8.count <= 107 else {
            throw RedisURLError(description: "the path of a unix socket may have at most 107 bytes")
        }
        var database = 0
        if parts.count > 1 {
            guard parts[1].hasPrefix("db=") else {
                throw RedisURLError(description: "the only parameter of a unix socket is db")
            }
            database = try number(parts[1].dropFirst(3))
        }
        return RedisConfiguration(address: .unix(path: path), database: database)
    }

    private static func network(_ rest: Substring, tls: RedisTLS?) throws(RedisURLError) -> RedisConfiguration {
        guard !rest.contains("?"), !rest.contains("#") else {
            throw RedisURLError(description: "parameters and fragments are not supported")
        }
        var authority = rest
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            authority = rest[..<slash]
            let path = rest[rest.index(after: slash)...]
            if !path.isEmpty { database = try number(path) }
        }
        var username: String?
        var password: RedisPassword?
        if let at = authority.lastIndex(of: "@") {
            let credentials = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            authority = authority[authority.index(after: at)...]
            let name = try percentDecoded(credentials.first ?? "")
            username = name.isEmpty ? nil : name
            if credentials.count == 2 { password = RedisPassword(try percentDecoded(credentials[1])) }
        }
        let (host, port) = try hostAndPort(authority)
        return RedisConfiguration(
            address: .tcp(host: host, port: port), username: username, password: password, database: database,
            tls: tls)
    }

    private static func hostAndPort(_ authority: Substring) throws(RedisURLError) -> (String, Int) {
        var host = authority
        var port = Substring("6379")
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw RedisURLError(description: "the bracket of the IPv6 address is not closed")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            if !behind.isEmpty {
                guard behind.hasPrefix(":") else {
                    throw RedisURLError(description: "a port behind an IPv6 address begins with a colon")
                }
                port = behind.dropFirst()
            }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw RedisURLError(description: "the host is missing") }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw RedisURLError(description: "the port must be a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func number(_ text: Substring) throws(RedisURLError) -> Int {
        guard let number = Int(text), (0...1_000_000).contains(number), text.allSatisfy(\.isNumber) else {
            throw RedisURLError(description: "the database must be a number")
        }
        return number
    }

    private static func percentDecoded(_ text: Substring) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw RedisURLError(description: "a percent sign in user or password must be followed by two digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RedisURLError(description: "user or password is not valid UTF-8")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
