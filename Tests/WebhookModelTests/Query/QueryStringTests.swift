import Testing

@testable import WebhookModel

@Suite("Query strings", .timeLimit(.minutes(1)))
struct QueryStringTests {
    private static let known: Set<String> = ["filter", "limit"]

    private func read(_ raw: String) throws -> QueryString { try QueryString(raw, known: Self.known) }

    private func messages(_ raw: String) -> [String] {
        do {
            _ = try QueryString(raw, known: Self.known)
            return []
        } catch {
            return error.messages
        }
    }

    @Test func `a plus is a space and a percent sequence of 2B is a plus`() throws {
        #expect(try read("filter=a+b%2Bc%20d")["filter"] == "a b+c d")
    }

    @Test func `brackets, colons, commas and equals signs may stand raw or encoded`() throws {
        let raw = "filter=targetUrl[eq]:https://h.example/p?a=1,id[in]:[x,y]"
        #expect(try read(raw)["filter"] == "targetUrl[eq]:https://h.example/p?a=1,id[in]:[x,y]")
        #expect(try read("filter=targetUrl%5Beq%5D%3Ahttps%3A%2F%2Fh")["filter"] == "targetUrl[eq]:https://h")
    }

    @Test func `UTF-8 passes through raw and encoded`() throws {
        #expect(try read("filter=gr%C3%BC%c3%9fe")["filter"] == "grüße")
        #expect(try read("filter=grüße")["filter"] == "grüße")
    }

    @Test(arguments: ["", "limit", "limit=", "&&", "limit=&filter="])
    func `an empty value counts as absent`(raw: String) throws {
        #expect(try read(raw)["limit"] == nil)
        #expect(try read(raw)["filter"] == nil)
    }

    @Test func `unknown parameters are ignored, even twice, and names are compared exactly`() throws {
        let query = try read("other=1&other=2&Limit=5&x=%41")
        #expect(query["limit"] == nil)
        #expect(query["other"] == nil)
    }

    @Test(arguments: ["limit=1&limit=1", "limit=1&limit=", "limit&limit=3", "%6cimit=1&limit=2"])
    func `a known parameter given twice is refused by its name`(raw: String) {
        #expect(messages(raw) == ["limit must not be given more than once"])
    }

    @Test(arguments: ["%", "%2", "%zz", "a%G1", "%+1", "%2%42"])
    func `a broken percent sequence is refused and the parameter is named`(value: String) {
        #expect(messages("filter=\(value)").first?.hasPrefix("filter has a broken percent sequence") == true)
        #expect(messages("x=\(value)").first?.hasPrefix("the query string has a broken percent sequence") == true)
        #expect(messages("\(value)=x").count == 1)
    }

    @Test(arguments: ["%FF", "%C3", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%80"])
    func `invalid UTF-8 is refused`(value: String) {
        #expect(messages("filter=\(value)") == ["filter is not valid UTF-8"])
    }

    @Test func `every control character is refused, and nothing above`() throws {
        for byte in 0..<0x20 {
            let text = (byte < 16 ? "0" : "") + String(byte, radix: 16)
            #expect(messages("filter=a%\(text)").first?.contains("control characters") == true)
        }
        #expect(try read("filter=%20%7F")["filter"] == " \u{7F}")
    }

    @Test func `every wrong parameter is told at once`() {
        #expect(messages("filter=%zz&limit=%00").count == 2)
    }

    @Test func `a query decodes to what was encoded, whatever the text`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let pool: [ClosedRange<UInt32>] = [0x20...0x7E, 0xA0...0x2FF, 0x4E00...0x4E20, 0x1F600...0x1F610]
                let value = UInt32.random(in: pool.randomElement(using: &generator)!, using: &generator)
                text.append(Unicode.Scalar(value)!)
            }
            var raw = "filter="
            for byte in String(text).utf8 {
                let isSafe = byte > 0x20 && byte < 0x7F && !"&+%".utf8.contains(byte)
                if isSafe, Bool.random(using: &generator) {
                    raw.unicodeScalars.append(Unicode.Scalar(byte))
                } else if byte == 0x20, Bool.random(using: &generator) {
                    raw += "+"
                } else {
                    raw += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
            }
            #expect(try read(raw)["filter"] == String(text))
        }
    }
}
