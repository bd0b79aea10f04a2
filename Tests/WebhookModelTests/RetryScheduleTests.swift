import TestSupport
import Testing

@testable import WebhookModel

@Suite struct RetryScheduleTests {
    @Test func `three retries follow after 30 s, 5 min and 50 min, then nothing`() {
        let schedule = RetrySchedule.standard
        #expect(schedule.maximumAttempts == 4)
        #expect(schedule.delay(afterAttempts: 1, randomness: 0) == 30_000)
        #expect(schedule.delay(afterAttempts: 2, randomness: 0) == 300_000)
        #expect(schedule.delay(afterAttempts: 3, randomness: 0) == 3_000_000)
        #expect(schedule.delay(afterAttempts: 4, randomness: 0) == nil)
        #expect(schedule.delay(afterAttempts: 4, retryAfter: 5000, randomness: 0) == nil)
        #expect(schedule.delay(afterAttempts: .max, randomness: 0) == nil)
    }

    @Test func `jitter adds up to a fifth and takes nothing away`() {
        var generator = SeededGenerator(seed: 20)
        for attempts in 1...3 {
            let base = RetrySchedule.standard.delays[attempts - 1]
            var seen: Set<Int64> = []
            for _ in 0..<1000 {
                let randomness = Double.random(in: 0..<1, using: &generator)
                let delay = RetrySchedule.standard.delay(afterAttempts: attempts, randomness: randomness)
                #expect((base..<base + base / 5).contains(delay ?? -1))
                seen.insert(delay ?? -1)
            }
            #expect(seen.count > 900)
        }
        #expect(RetrySchedule.standard.delay(afterAttempts: 1, randomness: 0.5) == 33_000)
        #expect(RetrySchedule.standard.delay(afterAttempts: 1, randomness: 1.0.nextDown) == 35_999)
    }

    @Test(
        arguments: [
            (nil, 30_000), (0, 30_000), (-5, 30_000), (29_999, 30_000), (30_001, 30_001), (600_000, 600_000),
            (3_600_000, 3_600_000), (3_600_001, 3_600_000), (Int64.max, 3_600_000), (Int64.min, 30_000),
        ] as [(Int64?, Int64)])
    func `a receiver's Retry-After moves the next attempt back, by an hour at most`(asked: Int64?, delay: Int64) {
        #expect(RetrySchedule.standard.delay(afterAttempts: 1, retryAfter: asked, randomness: 0) == delay)
        let jittered = RetrySchedule.standard.delay(afterAttempts: 1, retryAfter: asked, randomness: 0.999)
        #expect((delay...delay + delay / 5).contains(jittered ?? -1))
    }

    @Test func `no delays mean one attempt`() {
        let once = RetrySchedule(delays: [])
        #expect(once.maximumAttempts == 1)
        #expect(once.delay(afterAttempts: 1, retryAfter: 1000, randomness: 0) == nil)
    }

    @Test func `a delay of zero stays zero`() {
        #expect(RetrySchedule(delays: [0]).delay(afterAttempts: 1, randomness: 0.9) == 0)
    }
}

@Suite struct RetryAfterTests {
    /// 2026-11-23T09:00:00Z
    private let now: Int64 = 1_795_424_400_000

    @Test(
        arguments: [
            ("0", 0), ("1", 1000), ("120", 120_000), ("00120", 120_000), ("  7", 7000), ("\t7 ", 7000),
            ("3600", 3_600_000),
            ("86399", 86_399_000), ("86401", 86_400_000), ("99999", 86_400_000), ("100000", 86_400_000),
            ("9223372036854775807", 86_400_000),
            ("99999999999999999999999999999999", 86_400_000), ("Mon, 23 Nov 2026 09:02:00 GMT", 120_000),
            ("Monday, 23-Nov-26 09:02:00 GMT", 120_000), ("Mon Nov 23 09:02:00 2026", 120_000),
            ("Mon, 23 Nov 2026 08:00:00 GMT", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400_000),
        ] as [(String, Int64)])
    func `whole seconds and dates are understood`(value: String, milliseconds: Int64) {
        #expect(RetryAfter.parse(value, now: now) == milliseconds)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "1.5", "1e3", "0x10", "1 2", "10s", "soon", "1,2", "\u{661}", "1\u{0}",
        "2026-11-23T09:02:00Z", String(repeating: "1", count: 65),
    ])
    func `any other value says nothing`(value: String) {
        #expect(RetryAfter.parse(value, now: now) == nil)
    }
}
