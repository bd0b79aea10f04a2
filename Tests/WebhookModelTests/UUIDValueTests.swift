import TestSupport
import Testing

@testable import WebhookModel

@Suite struct UUIDValueTests {
    @Test(
        arguments: [
            ("00000000-0000-0000-0000-000000000000", 0, 0),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", UInt64.max, UInt64.max),
            // RFC 9562, appendix A.6: version 7.
            ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 0x017F_22E2_79B0_7CC3, 0x98C4_DC0C_0C07_398F),
            // RFC 9562, appendix B.1: version 8.
            ("2489e9ad-2ee2-8e00-8ec9-32d5f69181c0", 0x2489_E9AD_2EE2_8E00, 0x8EC9_32D5_F691_81C0),
            ("01234567-89ab-cdef-0123-456789abcdef", 0x0123_4567_89AB_CDEF, 0x0123_4567_89AB_CDEF),
        ] as [(String, UInt64, UInt64)])
    func `the text form is read in any case and written in lower case`(text: String, high: UInt64, low: UInt64) throws {
        let expected = UUIDValue(high: high, low: low)
        #expect(UUIDValue(text) == expected)
        #expect(UUIDValue(text.uppercased()) == expected)
        #expect(UUIDValue(Array(text.utf8)) == expected)
        #expect(expected.description == text)
        var bytes: [UInt8] = [1]
        expected.append(to: &bytes)
        #expect(bytes == [1] + Array(text.utf8))
        #expect(expected.withText { Array($0) } == Array(text.utf8))
    }

    @Test func `every byte that is no digit or hyphen of its place makes a text no UUID`() {
        let good = Array("01234567-89ab-cdef-0123-456789abcdef".utf8)
        for position in good.indices {
            for byte in UInt8.min...UInt8.max where byte != good[position] {
                var text = good
                text[position] = byte
                let isDigit = "0123456789abcdefABCDEF".utf8.contains(byte)
                let isHyphen = good[position] == UInt8(ascii: "-")
                #expect((UUIDValue(text) != nil) == (isDigit && !isHyphen), "byte \(byte) at \(position)")
            }
        }
    }

    @Test(arguments: [
        "", "0", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
        "{01234567-89ab-cdef-0123-456789abcdef}", "urn:uuid:01234567-89ab-cdef-0123-456789abcdef",
        "0123456789abcdef0123456789abcdef", " 1234567-89ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde\n", "0123456789-ab-cdef-0123-456789abcdef",
        "01234567\u{2010}89ab-cdef-0123-456789abcd", "-1234567-89ab-cdef-0123-456789abcdef",
    ])
    func `any other text is no UUID`(text: String) {
        #expect(UUIDValue(text) == nil)
        #expect(WebhookID(text) == nil)
        #expect(EventID(text) == nil)
    }

    @Test func `random values come back from their text and keep its order`() throws {
        var generator = SeededGenerator(seed: 1)
        var last = UUIDValue(high: 0, low: 0)
        for _ in 0..<5000 {
            let high = Bool.random(using: &generator) ? last.high : generator.next()
            let value = UUIDValue(high: high, low: generator.next())
            #expect(UUIDValue(value.description) == value)
            #expect((value < last) == (value.description < last.description))
            last = value
        }
    }

    @Test func `version 7 holds the time, the version, the variant and 74 random bits`() {
        var generator = SeededGenerator(seed: 7)
        var high: UInt64 = 0
        var low: UInt64 = 0
        for _ in 0..<200 {
            let id = UUIDValue.version7(milliseconds: 0x017F_22E2_79B0, using: &generator)
            #expect(id.milliseconds == 0x017F_22E2_79B0)
            #expect(id.version == 7)
            #expect(id.low >> 62 == 2)
            high |= id.high ^ 0x017F_22E2_79B0_7000
            low |= id.low ^ 0x8000_0000_0000_0000
        }
        #expect(high == 0xFFF)
        #expect(low == 0x3FFF_FFFF_FFFF_FFFF)
    }

    @Test func `ids of later milliseconds sort later, as text too`() {
        var last: UUIDValue?
        for milliseconds in [0, 1, 255, 256, 1_700_000_000_000, 1_700_000_000_001, 0xFFFF_FFFF_FFFF] as [Int64] {
            let id = UUIDValue.version7(milliseconds: milliseconds)
            #expect(id.milliseconds == milliseconds)
            if let last {
                #expect(last < id)
                #expect(last.description < id.description)
            }
            last = id
        }
    }

    @Test func `a test event's id has version 8, every other event and webhook version 7`() {
        let event = EventID.new(milliseconds: 1_700_000_000_000)
        let test = EventID.newTest(milliseconds: 1_700_000_000_000)
        let webhook = WebhookID.new(milliseconds: 1_700_000_000_000)
        #expect(event.uuid.version == 7)
        #expect(!event.isTest)
        #expect(test.uuid.version == 8)
        #expect(test.isTest)
        #expect(test.uuid.low >> 62 == 2)
        #expect(test.uuid.milliseconds == 1_700_000_000_000)
        #expect(webhook.uuid.version == 7)
        #expect(webhook.description == webhook.description.lowercased())
        #expect(WebhookID(webhook.description) == webhook)
        #expect(EventID(event.description.uppercased()) == event)
    }

    @Test func `ids made together are all different`() {
        let ids = (0..<20_000).map { _ in EventID.new(milliseconds: 5) }
        #expect(Set(ids).count == ids.count)
    }

    @Test func `a random UUID has version 4 and the variant`() {
        for _ in 0..<100 {
            let id = UUIDValue.random()
            #expect(id.version == 4)
            #expect(id.low >> 62 == 2)
        }
    }
}
