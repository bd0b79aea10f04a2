/// A value that a setting cannot take; says what it can.
struct SettingProblem: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// How the values of settings are written.
enum SettingText {
    /// `true` or `false`.
    static func flag(_ text: String) throws(SettingProblem) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw SettingProblem("must be true or false")
        }
    }

    static func integer(_ text: String, _ range: ClosedRange<Int>) throws(SettingProblem) -> Int {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            range.contains(number)
        else { throw SettingProblem("must be a whole number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    /// `250ms`, `10s`, `5m`, `1h`, `7d`.
    static func duration(_ text: String, _ range: ClosedRange<Duration>) throws(SettingProblem) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number < 1_000_000_000,
            let unit = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000][
                String(text.dropFirst(digits.count))]
        else { throw SettingProblem("must be a duration such as 250ms, 10s, 5m, 1h or 7d") }
        let duration = Duration.milliseconds(number * Int64(unit))
        guard range.contains(duration) else {
            throw SettingProblem("must be from \(write(range.lowerBound)) to \(write(range.upperBound))")
        }
        return duration
    }

    /// The shortest way to write a duration of whole milliseconds.
    static func write(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds > 0 && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    /// `host:port`, with an IPv6 address in brackets.
    static func address(_ text: String) throws(SettingProblem) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"),
            let port = try? integer(String(text[text.index(after: colon)...]), 0...65535)
        else { throw SettingProblem("must be an address and a port such as 127.0.0.1:8080 or [::1]:8080") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw SettingProblem("must have an IPv6 address in brackets: [::1]:8080")
        }
        guard !host.isEmpty else { throw SettingProblem("must name an address: 127.0.0.1, 0.0.0.0, [::]") }
        return ListenAddress(host: host, port: port)
    }

    /// Comma separated, without spaces; an empty text is an empty list.
    static func list(_ text: String) -> [String] {
        text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

/// Where a node listens.
struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
