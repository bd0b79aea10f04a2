/// The value of a `Retry-After` field (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// A day: far above what any schedule obeys, far below what overflows.
    private static let maximum: Int64 = 86_400_000
    private static let maximumLength = 64

    /// The milliseconds to wait from `now` (milliseconds since 1970) on, a day at most; 0 for a time that has passed, nil
    /// for a value that is neither whole seconds nor an HTTP date.
    package static func parse(_ value: some StringProtocol, now: Int64) -> Int64? {
        let text = String(value).trimmingSpaces
        guard !text.isEmpty, text.utf8.count <= maximumLength else { return nil }
        if text.utf8.allSatisfy(ASCII.isDigit) {
            let significant = text.drop { $0 == "0" }
            guard significant.utf8.count <= 5 else { return maximum }
            return min((Int64(significant) ?? 0) * 1000, maximum)
        }
        guard let time = HTTPDate.parse(String(text), now: now) else { return nil }
        return min(max(0, time - now), maximum)
    }
}

extension String {
    /// Without the spaces and tabs at both ends.
    fileprivate var trimmingSpaces: Substring {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
