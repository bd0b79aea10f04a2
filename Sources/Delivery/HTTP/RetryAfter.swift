/// Reads the value of a Retry-After field (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// A day: far above what any schedule obeys, far below what overflows.
    private static let maximumMilliseconds: Int64 = 86_400_000

    /// Milliseconds from now, never negative; nil when the value is neither a number of seconds nor an HTTP date.
    ///
    /// - Parameter nowMilliseconds: Milliseconds since 1970.
    static func milliseconds(_ value: String, nowMilliseconds: Int64) -> Int64? {
        let bytes = Array(value.utf8)
        if let first = bytes.first, isDigit(first) {
            var seconds: Int64 = 0
            for byte in bytes {
                guard isDigit(byte) else { return nil }
                seconds = min(seconds * 10 + Int64(byte - 0x30), maximumMilliseconds)
            }
            return min(seconds * 1000, maximumMilliseconds)
        }
        guard let date = secondsSince1970(imfFixdate: bytes) else { return nil }
        return min(max(date * 1000 - nowMilliseconds, 0), maximumMilliseconds)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that senders may still make.
    private static func secondsSince1970(imfFixdate text: [UInt8]) -> Int64? {
        guard text.count == 29, text[3] == UInt8(ascii: ","), text[19] == UInt8(ascii: ":"),
            text[22] == UInt8(ascii: ":"), text[26...].elementsEqual("GMT".utf8),
            [4, 7, 11, 16, 25].allSatisfy({ text[$0] == UInt8(ascii: " ") }),
            let day = number(text[5..<7]), let year = number(text[12..<16]),
            let hour = number(text[17..<19]), let minute = number(text[20..<22]), let second = number(text[23..<25]),
            let month = months.firstIndex(where: { text[8..<11].elementsEqual($0.utf8) }),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60, year >= 1970
        else { return nil }
        return daysSince1970(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days of the proleptic Gregorian calendar, counted in years that begin in March.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        digits.reduce(Int64?(0)) { sum, byte in
            sum.flatMap { isDigit(byte) ? $0 * 10 + Int64(byte - 0x30) : nil }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
