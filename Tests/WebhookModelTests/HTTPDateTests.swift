import Testing

@testable import WebhookModel

@Suite struct HTTPDateTests {
    /// 2026-11-23T09:00:00Z
    private let now: Int64 = 1_795_424_400_000

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT",
    ])
    func `the three spellings of RFC 9110 are the same time`(text: String) {
        #expect(HTTPDate.parse(text, now: now) == 784_111_777_000)
    }

    @Test(arguments: [
        ("Monday, 23-Nov-26 09:00:00 GMT", "2026-11-23T09:00:00.000Z"),
        ("Monday, 23-Nov-76 09:00:00 GMT", "2076-11-23T09:00:00.000Z"),
        ("Monday, 23-Nov-77 09:00:00 GMT", "1977-11-23T09:00:00.000Z"),
        ("Monday, 23-Nov-99 09:00:00 GMT", "1999-11-23T09:00:00.000Z"),
        ("Monday, 23-Nov-00 09:00:00 GMT", "2000-11-23T09:00:00.000Z"),
    ])
    func `a year of two digits lies at most 50 years ahead`(text: String, time: String) throws {
        #expect(Timestamp.text(try #require(HTTPDate.parse(text, now: now))) == time)
    }

    @Test func `a leap second is the next minute`() {
        #expect(
            HTTPDate.parse("Sat, 31 Dec 2016 23:59:60 GMT", now: now)
                == HTTPDate.parse("Sun, 01 Jan 2017 00:00:00 GMT", now: now))
    }

    @Test(arguments: [
        "", " ", "GMT", ", GMT", "Sun, GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000", "06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2026 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:3\u{663} GMT",
        "Sun Nov 6 1994 08:49:37", "Sunday, 06-Nov-94-1 08:49:37 GMT", "Sunday, 06--94 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "784111777", "tomorrow",
    ])
    func `any other text is no date`(text: String) {
        #expect(HTTPDate.parse(text, now: now) == nil)
    }
}
