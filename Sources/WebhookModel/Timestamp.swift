/// Times as the API writes and reads them: ISO-8601 on the outside, milliseconds since 1970 (UTC) inside.
package enum Timestamp {
    /// The length of `2026-11-23T09:00:00.000Z`.
    package static let textLength = 24

    /// The first and the last time that four digits of year can say.
    private static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    // MARK: Writing

    /// `2026-11-23T09:00:00.000Z`. Times outside the years 0000 to 9999 are written as the first or last of them.
    package static func text(_ milliseconds: Int64) -> String {
        String(unsafeUninitializedCapacity: textLength) { buffer in
            write(milliseconds, to: UnsafeMutableRawBufferPointer(buffer))
            return textLength
        }
    }

    /// Appends what ``text(_:)`` gives.
    package static func append(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: textLength, alignment: 1) { buffer in
            write(milliseconds, to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    private static func write(_ milliseconds: Int64, to buffer: UnsafeMutableRawBufferPointer) {
        let time = min(max(milliseconds, range.lowerBound), range.upperBound)
        let remainder = time % CivilDate.millisecondsPerDay
        let ofDay = Int(remainder < 0 ? remainder + CivilDate.millisecondsPerDay : remainder)
        let date = CivilDate.date(days: Int((time - Int64(ofDay)) / CivilDate.millisecondsPerDay))
        digits(date.year, 4, at: 0, UInt8(ascii: "-"), buffer)
        digits(date.month, 2, at: 5, UInt8(ascii: "-"), buffer)
        digits(date.day, 2, at: 8, UInt8(ascii: "T"), buffer)
        digits(ofDay / 3_600_000, 2, at: 11, UInt8(ascii: ":"), buffer)
        digits(ofDay / 60_000 % 60, 2, at: 14, UInt8(ascii: ":"), buffer)
        digits(ofDay / 1000 % 60, 2, at: 17, UInt8(ascii: "."), buffer)
        digits(ofDay % 1000, 3, at: 20, UInt8(ascii: "Z"), buffer)
    }

    /// Writes `count` decimal digits and one byte behind them.
    private static func digits(
        _ number: Int, _ count: Int, at start: Int, _ behind: UInt8, _ buffer: UnsafeMutableRawBufferPointer
    ) {
        var rest = number
        for index in (start..<start + count).reversed() {
            buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        buffer[start + count] = behind
    }

    // MARK: Reading

    /// Milliseconds since 1970 of a date-time of RFC 3339: `2026-04-29T10:30:00Z`, a fraction of a second of any length
    /// (cut to milliseconds), `Z` or an offset; nil for anything else, a time without a zone too.
    package static func parse(_ text: some StringProtocol) -> Int64? {
        var text = String(text)
        return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
    }

    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var cursor = Cursor(bytes: bytes)
        guard let date = cursor.date(), cursor.take("T") || cursor.take("t"),
            let hour = cursor.number(2), hour < 24, cursor.take(":"),
            let minute = cursor.number(2), minute < 60, cursor.take(":"),
            let second = cursor.number(2), second < 60, let fraction = cursor.fraction(),
            let offset = cursor.offset(), cursor.isAtEnd
        else { return nil }
        let ofDay = (hour * 60 + minute - offset) * 60 + second
        return Int64(date) * CivilDate.millisecondsPerDay + Int64(ofDay * 1000 + fraction)
    }

    /// Milliseconds since 1970 of the midnight (UTC) that begins a date, `2026-01-01`; nil for anything else.
    package static func parseDate(_ text: some StringProtocol) -> Int64? {
        var text = String(text)
        return text.withUTF8 { bytes in
            var cursor = Cursor(bytes: UnsafeRawBufferPointer(bytes))
            guard let date = cursor.date(), cursor.isAtEnd else { return nil }
            return Int64(date) * CivilDate.millisecondsPerDay
        }
    }

    private struct Cursor {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        /// Exactly `count` decimal digits.
        mutating func number(_ count: Int) -> Int? {
            guard index + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[index..<index + count] {
                guard ASCII.isDigit(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            index += count
            return value
        }

        /// `2026-04-29` as days since 1970.
        mutating func date() -> Int? {
            guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
                CivilDate.isValid(year: year, month: month, day: day)
            else { return nil }
            return CivilDate.days(year: year, month: month, day: day)
        }

        /// The milliseconds of a fraction, 0 without one; nil for a point without digits.
        mutating func fraction() -> Int? {
            guard take(".") else { return 0 }
            var value = 0
            var count = 0
            while index < bytes.count, ASCII.isDigit(bytes[index]) {
                if count < 3 { value = value * 10 + Int(bytes[index] - UInt8(ascii: "0")) }
                count += 1
                index += 1
            }
            guard count > 0 else { return nil }
            for _ in count..<max(count, 3) { value *= 10 }
            return value
        }

        /// Minutes east of UTC.
        mutating func offset() -> Int? {
            if take("Z") || take("z") { return 0 }
            let sign: Int
            if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
            guard let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60 else {
                return nil
            }
            return sign * (hours * 60 + minutes)
        }
    }
}
