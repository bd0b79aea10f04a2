import Testing

@testable import WebhookModel

/// The bytes that a table writes as text, where `\xHH` stands for a byte that text cannot hold.
func bytes(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"),
            let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
        {
            output.append(value)
            rest = rest.dropFirst(3)
        } else {
            output.append(byte)
        }
    }
    return output
}

private let limits = JSONLimits(depth: 64, members: 10_000)

/// What the strict reader says about a text; nil when it accepts it.
private func refusal(_ text: [UInt8]) -> JSONProblem? {
    do throws(JSONProblem) {
        _ = try JSONDocument(text, limits: limits)
        return nil
    } catch {
        return error
    }
}

/// One table in the manner of JSONTestSuite ("Parsing JSON is a minefield"): every class of text that must be accepted
/// and that must be refused.
@Suite struct JSONGrammarTests {
    @Test(arguments: [
        // Arrays and white space.
        "[]", "[[]]", "[ ]", "[ [ ] ]", "[1,2]", "[1 , 2]", "[false]", "[null]", "[true]", "[null,1,\"1\",{}]",
        "[1\n]", " [1]", "[2] ", "\n\t\r []\r\n\t", "[null,null,null]", "[\"\"]", "[[],[]]",
        // Every kind stands alone too.
        "true", "false", "null", "0", "-0", "42", "\"\"", "\"text\"", "{}", " 1 ",
        // Numbers.
        "[123e65]", "[0e+1]", "[0e1]", "[ 4]", "[-0.000000000000000000000000000000000000001]", "[20e1]", "[-0]",
        "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123]",
        "[123.456789]", "[0.1]", "[0]", "[1e400]", "[-1e400]", "[1e-400]", "[18446744073709551616]", "[0.0e0]",
        "[100000000000000000000]", "[1e00000000]", "[1.50]", "[10]",
        // Objects.
        "{\"a\":1}", "{\"\":0}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":\"b\",\"b\":\"a\"}", "{\"a\":{\"a\":{\"a\":1}}}",
        "{ \"a\" : 1 , \"b\" : 2 }", "{\"a\":\n1}", "{\"\\u0000\":0}", "{\"foo\\u0000bar\":42}",
        "{\"a\":null,\"A\":null}",
        "{\"min\": -1.0e+28, \"max\": 1.0e+28}", "[{\"a\":1},{\"a\":1}]", "{\"a\":1,\"\\u0062\":2}",
        // Strings.
        "[\"\\u0060\\u012a\\u12AB\"]", "[\"\\uD801\\udc37\"]", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\\u0000\"]", "[\"\\u0000\"]", "[\"\\u0012\"]", "[\"a/*b*/c/*d//e\"]",
        "[\"\\uFFFF\"]", "[\"\\uFDD0\"]", "[\"\\uDBFF\\uDFFF\"]", "[\"\\u200B\"]", "[\"\u{7F}\"]",
        "[\"new\u{A0}line\"]",
        "[\"\u{2028}\"]", "[\"\u{2029}\"]", "[\"\u{FFFF}\"]", "[\"\u{10FFFF}\"]", "[\"\u{1BFFF}\"]", "[\"\u{FEFF}\"]",
        "[\"\u{3C0}\"]", "[\"asd \"]", "\" \"", "[\"\\u0061\\u30af\\u30EA\\u30b9\"]", "[\"\u{E000}\"]",
        "[\"\\xC2\\x80\"]", "[\"\\xDF\\xBF\"]", "[\"\\xE0\\xA0\\x80\"]", "[\"\\xED\\x9F\\xBF\"]",
        "[\"\\xEE\\x80\\x80\"]",
        "[\"\\xF0\\x90\\x80\\x80\"]", "[\"\\xF4\\x8F\\xBF\\xBF\"]", "[\"12345678\\u0041\"]", "[\"1234567\u{E9}\"]",
    ])
    func `a text of RFC 8259 is accepted`(text: String) {
        #expect(refusal(bytes(text)) == nil)
    }

    @Test(arguments: [
        // Nothing, or not only one value.
        "", " ", "\n\t", "[][]", "[]]", "[1]x", "{}{}", "1 2", "\"\"x", "[]\u{0}", "null,", "{\"a\":1}#", "[] //",
        "{\"a\":\"b\"}/**/", "{}}", "][", "]", "}", ",", ":", "[1]\u{A0}",
        // Arrays.
        "[", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,]", "[1,,2]", "[\"\",]", "[1 2]", "[1:2]", "[x", "[*]", "[}",
        "[1}",
        "[\"x\"]]", "[3[4]]", "[\"a\" \"b\"]", "[\"a\"", "[\"\",", "[a\\xC3\\xA9]", "[1\n,1\n,1", "[<null>]", "[{}",
        // Objects.
        "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\",1}", "{a:1}",
        "{1:1}",
        "{'a':1}", "{null:null}", "{true:1}", "{[]:1}", "{{}:1}", "{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}",
        "{\"a\"::1}",
        "{\"a\":}", "{:1}", "{\"a\":1]", "{\"a\":1},", "{\"a\":/*x*/1}", "{\"a\":1,a", "{9999E9999:1}", "{\"x\", null}",
        "{\"a\":1;\"b\":2}", "{\"a\":\"a\" 123}", "{\"asd\":\"asd\"", "{,\"a\":1}", "{\"a\":1,]", "{\"a\":1:2}",
        // Words.
        "tru", "truee", "TRUE", "True", "nul", "nulll", "NULL", "fals", "falsee", "[nul]", "[tru]", "[fals]", "nan",
        "NaN",
        "Infinity", "-Infinity", "[NaN]", "[+Inf]", "[Infinity]", "[-Infinity]", "[undefined]", "[None]", "n", "t", "f",
        // Numbers.
        "-", "+", "+1", "01", "-01", "00", "-00", "1.", "-1.", ".1", "-.1", "1.e1", "1e", "1e+", "1e-", "1E", "1.0e",
        "1.0e+",
        "1.0e-", "0e", "0e+", "0.e1", "0.1.2", "1e1.2", "1e1e1", "--1", "++1", "-+1", "1-", "1+2", "1_000", "1,000",
        "0x1",
        "0x42", "0b1", "0o7", "1a", "-a", "1 000", "[-2.]", "[.2e-3]", "[0.3e]", "[1.8011670033376514H-308]", "[1eE2]",
        "[-012]", "[-1x]", "[1ea]", "[1\\xE5]", "[012]", "[2.e3]", "[2.e-3]", "[9.e+]", "[0E]", "[0E+]", "[\u{FF11}]",
        "[1f]",
        "[1.5L]", "[\u{661}]", "[- 1]", "[\u{2212}1]", "[-]", "[+1]", "[1e0x1]", "1\u{0}",
        // Strings.
        "\"", "\"a", "'a'", "[\"a]", "[\"\\\"]", "\"\\", "[\"\\x00\"]", "[\"a\\x00a\"]", "[\"new\nline\"]", "[\"\t\"]",
        "[\"\\x1F\"]", "[\"\r\"]", "[\"\\u\"]", "[\"\\u1\"]", "[\"\\u12\"]", "[\"\\u123\"]", "[\"\\u00g1\"]",
        "[\"\\u 123\"]",
        "[\"\\U0041\"]", "[\"\\a\"]", "[\"\\v\"]", "[\"\\0\"]", "[\"\\'\"]", "[\"\\ \"]", "[\"\\\u{E9}\"]",
        "[\"\\u+123\"]",
        "[\"\\u{41}\"]", "[\"\\\n\"]", "[\\n]", "[\\u0020\"a\"]", "\\u0041", "[\"a\"\u{A0}]", "[\"\\\\\\\"]", "\"a\"b",
        "[\u{201C}a\u{201D}]", "[\u{FF02}a\u{FF02}]",
        // Half surrogates.
        "[\"\\uD800\"]", "[\"\\uDC00\"]", "[\"\\uDFFF\"]", "[\"\\uD800\\n\"]", "[\"\\uD800\\u0041\"]",
        "[\"\\uD800\\uD800\"]",
        "[\"\\uDC00\\uD800\"]", "[\"\\uD800\\uE000\"]", "[\"\\uDBFF\\uDBFF\\uDFFF\"]", "[\"\\uD83D\"",
        "[\"\\uD800\\u\"]",
        "[\"\\uD800abc\"]", "[\"\\uD834\\uDd\"]", "[\"\\ud800\\\"]", "{\"\\uD800\":1}", "[\"\\uD800\\\\uDC00\"]",
        // White space of others.
        "[\u{B}]", "[\u{C}]", "\u{C}[]", "[\u{A0}]", "[\u{2060}]", "[\u{2028}]", "[\u{85}]", "\u{3000}[]", "[\u{1}]",
        "[\\x00]",
        // Comments and other dialects.
        "/**/[]", "//\n[]", "[/*x*/]", "#\n[]", "[]//", "{\"a\":1}//", "[1,/**/2]", "(1)", "`a`", "@1", "[0x1]",
        "b\"a\"",
    ])
    func `any other text is refused`(text: String) {
        #expect(refusal(bytes(text)) != nil)
    }

    @Test(arguments: [
        "[\"\\x80\"]", "[\"\\xBF\"]", "[\"\\xC0\\x80\"]", "[\"\\xC0\\xAF\"]", "[\"\\xC1\\xBF\"]", "[\"\\xC2\"]",
        "[\"\\xC2\\x7F\"]", "[\"\\xC2\\xC0\"]", "[\"\\xE0\\x80\\x80\"]", "[\"\\xE0\\x9F\\xBF\"]", "[\"\\xE1\\x80\"]",
        "[\"\\xE1\\x80\\x7F\"]", "[\"\\xED\\xA0\\x80\"]", "[\"\\xED\\xBF\\xBF\"]", "[\"\\xF0\\x80\\x80\\x80\"]",
        "[\"\\xF0\\x8F\\xBF\\xBF\"]", "[\"\\xF4\\x90\\x80\\x80\"]", "[\"\\xF5\\x80\\x80\\x80\"]",
        "[\"\\xF8\\x88\\x80\\x80\\x80\"]",
        "[\"\\xFC\\x84\\x80\\x80\\x80\\x80\"]", "[\"\\xFE\"]", "[\"\\xFF\"]", "[\"\\xF0\\x90\\x80\"]",
        "[\"\\xF1\\x80\\x80\\xC0\"]",
        "[\"\\xE9\"]", "[\"abcdefgh\\xFF\"]", "[\"abcdefghijklmnop\\xC3\"]", "{\"\\xFF\":1}",
        "[\"\\xED\\xA0\\x81\\xED\\xB0\\xB7\"]",
    ])
    func `bytes that are no UTF-8 are refused as such`(text: String) {
        #expect(refusal(bytes(text))?.reason == .badUTF8)
    }

    @Test func `a text cut in the middle of a character ends too early`() {
        for cut in ["[\"\\xC2", "[\"\\xE1\\x80", "[\"\\xF0\\x90\\x80"] { #expect(refusal(bytes(cut)) != nil) }
    }

    @Test(arguments: [
        "\\xEF\\xBB\\xBF{}", "\\xEF\\xBB\\xBF", "\\xEF\\xBB\\xBF[1]",
    ])
    func `a byte order mark is refused as such`(text: String) {
        #expect(refusal(bytes(text))?.reason == .byteOrderMark)
    }

    @Test(arguments: [
        "\\xFF\\xFE{\\x00}\\x00", "\\xFE\\xFF\\x00{\\x00}", "{\\x00}\\x00", "\\x00{\\x00}",
        "[\\x00\"\\x00\\xE9\\x00\"\\x00]\\x00",
        "{\\x00\\x00\\x00}\\x00\\x00\\x00", "\\x00\\x00\\x00{\\x00\\x00\\x00}", "\\xFF\\xFE\\x00\\x00{\\x00\\x00\\x00}",
        "1\\x00", "\\x001", "\\xEF\\xBB", "\\xEF",
    ])
    func `UTF-16 and UTF-32 are refused in either order`(text: String) {
        #expect(refusal(bytes(text)) != nil)
    }

    @Test(
        arguments: [
            ("", JSONProblem.Reason.empty, 1, 1), ("\n ", .empty, 2, 2),
            ("{\"a\":1,\n \"b\":tru}", .expected("a value"), 2, 6),
            ("[1,\n2,\n\n]", .expected("a value"), 4, 1), ("{\"a\":1} x", .trailing, 1, 9),
            ("[\"a\nb\"]", .controlCharacter, 1, 4),
            ("[01]", .badNumber, 1, 2), ("[\"\\q\"]", .badEscape, 1, 3), ("[\"\\ud800\"]", .loneSurrogate, 1, 3),
            ("{\"a\":1,\"a\":2}", .duplicateKey, 1, 8), ("[1", .unexpectedEnd, 1, 3),
            ("{\"a\" 1}", .expected("a colon"), 1, 6),
            ("{1}", .expected("a key or }"), 1, 2), ("{\"a\":1,}", .expected("a key"), 1, 8),
            ("[1;]", .expected("a comma or ]"), 1, 3),
            ("{\"a\":1;}", .expected("a comma or }"), 1, 7), ("nul", .unexpectedEnd, 1, 4),
        ] as [(String, JSONProblem.Reason, Int, Int)])
    func `a problem says what and where`(text: String, reason: JSONProblem.Reason, line: Int, column: Int) throws {
        let problem = try #require(refusal(bytes(text)))
        #expect(problem.reason == reason)
        #expect(problem.line == line)
        #expect(problem.column == column)
        #expect(problem.description.hasPrefix("the body is not acceptable JSON: "))
        #expect(problem.description.hasSuffix(" at line \(line), column \(column)"))
    }

    @Test func `a problem's text holds nothing of the body`() throws {
        for text in [
            "{\"canary\":canary}", "{\"canary\":1,\"canary\":2}", "[\"canary\\q\"]", "canary", "{\"a\":1}canary",
        ] {
            #expect(try !#require(refusal(bytes(text))).description.contains("canary"))
        }
    }

    @Test func `no single byte changed makes the reader read past the end or accept what Foundation refuses to parse`()
    {
        let good = Array(
            #"{"event":"people.updated","record":{"id":"1","n":-1.5e3,"s":"\u00e9\ud83d\ude00"},"l":[true,null]}"#.utf8)
        #expect(refusal(good) == nil)
        for position in good.indices {
            #expect(refusal(Array(good[..<position])) != nil, "cut at \(position)")
            for byte in [0x00, 0x09, 0x20, 0x22, 0x2C, 0x3A, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
                var text = good
                text[position] = byte
                if refusal(text) == nil { #expect(isStrictJSON(text), "byte \(byte) at \(position)") }
            }
        }
    }
}
