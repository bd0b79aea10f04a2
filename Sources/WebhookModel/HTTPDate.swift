/// The three spellings of a date in HTTP (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT` and the two
/// obsolete ones, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
enum HTTPDate {
    /// Milliseconds since 1970; nil for anything else. The day's name is not compared with the date.
    ///
    /// - Parameter now: decides the century of a year with two digits: at most 50 years ahead.
    static func parse(_ text: String, now: Int64) -> Int64? {
        var words = text.split(separator: " ")
        if words.count == 5, words[0].utf8.count == 3 {
            return time(day: words[2], month: words[1], year: words[4], clock: words[3], now: now)
        }
        guard words.first?.last == ",", words.last == "GMT" else { return nil }
        words.removeFirst()
        words.removeLast()
        if words.count == 2 {
            let date = words[0].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3 else { return nil }
            return time(day: date[0], month: date[1], year: date[2], clock: words[1], now: now)
        }
        guard words.count == 4 else { return nil }
        return time(day: words[0], month: words[1], year: words[2], clock: words[3], now: now)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func time(
        day: Substring, month: Substring, year: Substring, clock: Substring, now: Int64
    ) -> Int64? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let monthIndex = months.firstIndex(of: String(month)),
            let day = number(day, 1...2), let year = fullYear(year, now: now),
            let hour = number(parts[0], 2...2), hour < 24,
            let minute = number(parts[1], 2...2), minute < 60,
            let second = number(parts[2], 2...2), second <= 60,
            CivilDate.isValid(year: year, month: monthIndex + 1, day: day)
        else { return nil }
        let days = CivilDate.days(year: year, month: monthIndex + 1, day: day)
        return Int64(days) * CivilDate.millisecondsPerDay + Int64(((hour * 60 + minute) * 60 + second) * 1000)
    }

    private static func fullYear(_ text: Substring, now: Int64) -> Int? {
        if text.utf8.count == 4 { return number(text, 4...4) }
        guard let short = number(text, 2...2) else { return nil }
        let thisYear = CivilDate.date(days: Int(now / CivilDate.millisecondsPerDay)).year
        let year = thisYear - thisYear % 100 + short
        return year > thisYear + 50 ? year - 100 : year
    }

    private static func number(_ text: Substring, _ length: ClosedRange<Int>) -> Int? {
        guard length.contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int(text)
    }
}
