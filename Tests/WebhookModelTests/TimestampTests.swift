import TestSupport
import Testing

@testable import WebhookModel

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("1970-01-01T00:00:00.001Z", 1), ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-23T09:00:00.000Z", 1_795_424_400_000), ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("2001-09-09T01:46:40.000Z", 1_000_000_000_000), ("2038-01-19T03:14:08.000Z", 2_147_483_648_000),
            ("1900-03-01T00:00:00.000Z", -2_203_891_200_000), ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
            ("0001-01-01T00:00:00.000Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func `a time is written as ISO-8601 in UTC with milliseconds and read again`(text: String, time: Int64) {
        #expect(Timestamp.text(time) == text)
        #expect(Timestamp.parse(text) == time)
        var bytes: [UInt8] = []
        Timestamp.append(time, to: &bytes)
        #expect(bytes == Array(text.utf8))
        #expect(bytes.count == Timestamp.textLength)
    }

    @Test(arguments: [
        ("2026-04-29T10:30:00Z", "2026-04-29T10:30:00.000Z"),
        ("2026-04-29t10:30:00z", "2026-04-29T10:30:00.000Z"),
        ("2026-04-29T10:30:00.1Z", "2026-04-29T10:30:00.100Z"),
        ("2026-04-29T10:30:00.12Z", "2026-04-29T10:30:00.120Z"),
        ("2026-04-29T10:30:00.1239999999Z", "2026-04-29T10:30:00.123Z"),
        ("2026-04-29T10:30:00.0000000000000000000000000000001Z", "2026-04-29T10:30:00.000Z"),
        ("2026-04-29T10:30:00+00:00", "2026-04-29T10:30:00.000Z"),
        ("2026-04-29T10:30:00-00:00", "2026-04-29T10:30:00.000Z"),
        ("2026-04-29T10:30:00+02:00", "2026-04-29T08:30:00.000Z"),
        ("2026-04-29T10:30:00-05:30", "2026-04-29T16:00:00.000Z"),
        ("2026-01-01T00:30:00.5+05:45", "2025-12-31T18:45:00.500Z"),
        ("2026-12-31T23:59:59-23:59", "2027-01-01T23:58:59.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
    ])
    func `a zone, an offset and any length of fraction are understood`(text: String, utc: String) throws {
        #expect(Timestamp.text(try #require(Timestamp.parse(text))) == utc)
    }

    @Test(arguments: [
        "", "Z", "2026", "2026-04-29", "2026-04-29T", "2026-04-29T10:30Z", "2026-04-29T10:30:00", "20260429T103000Z",
        "2026-04-29 10:30:00Z", "2026-4-29T10:30:00Z", "2026-04-29T1:30:00Z", "26-04-29T10:30:00Z",
        "+2026-04-29T10:30:00Z", "-2026-04-29T10:30:00Z", "12026-04-29T10:30:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-29T24:00:00Z",
        "2026-04-29T10:60:00Z", "2026-04-29T10:30:60Z", "2026-04-29T10:30:00.Z", "2026-04-29T10:30:00,5Z",
        "2026-04-29T10:30:00.5", "2026-04-29T10:30:00+0200", "2026-04-29T10:30:00+02", "2026-04-29T10:30:00+24:00",
        "2026-04-29T10:30:00+02:60", "2026-04-29T10:30:00ZZ", "2026-04-29T10:30:00Z ", " 2026-04-29T10:30:00Z",
        "2026-04-29T10:30:00 Z", "2026-04-29T10:30:00Z+01:00", "2026-04-29T10:30:00UTC", "2026-04-29T-1:30:00Z",
        "2026-04-29T10:30:00\u{0}Z", "2026-04-29T10:30:0\u{661}Z", "2026-W18-3T10:30:00Z", "2026-119T10:30:00Z",
        "now", "0", "1795424400000", "2026-04-29T10:30:00.-1Z", "2026/04/29T10:30:00Z", "2026-04-29T10.30.00Z",
    ])
    func `any other text is no date-time`(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test(arguments: [("2026-01-01", 1_767_225_600_000), ("1970-01-01", 0), ("2024-02-29", 1_709_164_800_000)])
    func `a date is the midnight in UTC that begins it`(text: String, time: Int) {
        #expect(Timestamp.parseDate(text) == Int64(time))
    }

    @Test(arguments: ["", "2026-01", "2026-1-1", "2026-02-30", "2026-01-01T", "2026-01-01 ", "2026-01-01T00:00:00Z"])
    func `any other text is no date`(text: String) {
        #expect(Timestamp.parseDate(text) == nil)
    }

    @Test func `times that four digits of year cannot say are written as the nearest that they can`() {
        #expect(Timestamp.text(.min) == "0000-01-01T00:00:00.000Z")
        #expect(Timestamp.text(-62_167_219_200_001) == "0000-01-01T00:00:00.000Z")
        #expect(Timestamp.text(.max) == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp.text(253_402_300_800_000) == "9999-12-31T23:59:59.999Z")
    }

    @Test func `random times come back from their text, in its order`() {
        var generator = SeededGenerator(seed: 3)
        var last: Int64 = 0
        for _ in 0..<5000 {
            let time = Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &generator)
            let text = Timestamp.text(time)
            #expect(Timestamp.parse(text) == time)
            #expect((time < last) == (text < Timestamp.text(last)))
            last = time
        }
    }

    @Test func `the calendar agrees with counting day by day over 800 years`() {
        var day = CivilDate.days(year: 1700, month: 1, day: 1)
        for year in 1700..<2500 {
            let isLeap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (month, length) in lengths.enumerated() {
                #expect(!CivilDate.isValid(year: year, month: month + 1, day: length + 1))
                for dayOfMonth in 1...length {
                    let date = CivilDate.date(days: day)
                    guard date == (year, month + 1, dayOfMonth),
                        CivilDate.days(year: year, month: month + 1, day: dayOfMonth) == day
                    else {
                        Issue.record("day \(day) is \(date), not \(year)-\(month + 1)-\(dayOfMonth)")
                        return
                    }
                    day += 1
                }
            }
        }
    }
}
