import TestSupport
import Testing

@testable import WebhookModel

private func read(_ text: String) throws -> JSONValue {
    try JSONDocument(bytes(text), limits: JSONLimits(depth: 130, members: 100_000)).root
}

@Suite struct JSONDocumentTests {
    @Test(arguments: [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0000\u001f\u007f""#, "\u{0}\u{1F}\u{7F}"), (#""\u00e9\u20AC\uFFFF""#, "\u{E9}\u{20AC}\u{FFFF}"),
        (#""\ud83d\ude00\uDBFF\uDFFF\ud800\udc00""#, "\u{1F600}\u{10FFFF}\u{10000}"), (#""é😀""#, "é😀"),
        (#""\\u0041""#, "\\u0041"), (#""a\u0041b""#, "aAb"), (#"" ""#, " "), (#""\u2028""#, "\u{2028}"),
    ])
    func `a string is what its escapes stand for`(text: String, meaning: String) throws {
        #expect(try read(text).string.map { Array($0.utf8) } == Array(meaning.utf8))
        #expect(try read("{\(text):\(text)}").members?.map(\.key).map { Array($0.utf8) } == [Array(meaning.utf8)])
        #expect(try read("[0,\(text)]").elements?.last?.string.map { Array($0.utf8) } == Array(meaning.utf8))
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1", 1), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("1.0", nil), ("1e2", nil), ("100000000000000000000", nil), ("\"1\"", nil),
            ("true", nil),
            ("null", nil), ("[1]", nil),
        ] as [(String, Int64?)])
    func `an integer is a number without fraction and exponent that fits`(text: String, value: Int64?) throws {
        #expect(try read(text).integer == value)
    }

    @Test func `each kind is only itself`() throws {
        let values = try read(#"[{},[],"s",1,true,false,null]"#).elements ?? []
        #expect(values.map(\.isObject) == [true, false, false, false, false, false, false])
        #expect(values.map(\.isArray) == [false, true, false, false, false, false, false])
        #expect(values.map(\.isString) == [false, false, true, false, false, false, false])
        #expect(values.map(\.isNull) == [false, false, false, false, false, false, true])
        #expect(values.map(\.bool) == [nil, nil, nil, nil, true, false, nil])
        #expect(values.map { $0.members != nil } == values.map(\.isObject))
        #expect(values.map { $0.elements != nil } == values.map(\.isArray))
        #expect(values.map { $0.string != nil } == values.map(\.isString))
    }

    @Test func `members are found by what their keys stand for, in their own object alone`() throws {
        let root = try read(#"{"a":{"b":1,"c":[{"d":2}]},"\u0062":3,"":4,"d":null}"#)
        #expect(root.member("a")?.member("b")?.integer == 1)
        #expect(root.member("b")?.integer == 3)
        #expect(root.member("")?.integer == 4)
        #expect(root.member("d")?.isNull == true)
        #expect(root.member("c") == nil)
        #expect(root.member("a")?.member("c")?.elements?.first?.member("d")?.integer == 2)
        #expect(root.member("a")?.member("b")?.member("b") == nil)
        #expect(root.members?.map(\.key) == ["a", "b", "", "d"])
        #expect(root.memberCount == 8)
        #expect(root.member("a")?.memberCount == 4)
        #expect(root.member("b")?.memberCount == 0)
    }

    @Test func `a value's bytes are the text's own`() throws {
        let text = #" { "a" : [ 1.50 , { "b" : "x\u0041" } ] , "c" : -0 } "#
        let root = try read(text)
        let all = Array(text.utf8)
        func own(_ value: JSONValue?) -> String? { value.map { String(decoding: all[$0.range], as: UTF8.self) } }
        #expect(own(root) == #"{ "a" : [ 1.50 , { "b" : "x\u0041" } ] , "c" : -0 }"#)
        #expect(own(root.member("a")) == #"[ 1.50 , { "b" : "x\u0041" } ]"#)
        #expect(own(root.member("a")?.elements?[1].member("b")) == #""x\u0041""#)
        #expect(own(root.member("c")) == "-0")
    }
}

@Suite struct JSONCompactTests {
    private func compact(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        value.appendCompact(to: &output)
        #expect(output.count == value.compactCount)
        return output
    }

    @Test(arguments: [
        (" [ 1 , 2 ] ", "[1,2]"), ("{ \"a b\" : \" c\\n \" }", "{\"a b\":\" c\\n \"}"), ("\t1.50\n", "1.50"),
        ("[\n\t1e-7,\r\n -0 , 1E+30 ]", "[1e-7,-0,1E+30]"),
        ("{\"a\":12345678901234567890}", "{\"a\":12345678901234567890}"),
        ("[ \"\\\"  \\\\\" , \"\\u0020\" ]", "[\"\\\"  \\\\\",\"\\u0020\"]"),
        ("[\"\u{2028} \u{2029}\"]", "[\"\u{2028} \u{2029}\"]"),
        ("{ }", "{}"), ("[ ]", "[]"), ("\" \"", "\" \""), ("{\"z\" :1 ,\"a\": 2}", "{\"z\":1,\"a\":2}"),
        ("null", "null"),
    ])
    func `only white space between tokens goes`(text: String, expected: String) throws {
        #expect(String(decoding: compact(try read(text)), as: UTF8.self) == expected)
    }

    @Test func `a random document keeps every token byte for byte, whatever white space stands between`() throws {
        for seed in 0..<250 as Range<UInt64> {
            var random = RandomJSON(seed: seed)
            let document = random.document()
            let root = try JSONDocument(document.spaced, limits: JSONLimits(depth: 130, members: 100_000)).root
            #expect(compact(root) == document.compact, "seed \(seed)")
            #expect(try canonical(document.spaced) == canonical(compact(root)), "seed \(seed)")
            for member in root.members ?? [] {
                let again = try JSONDocument(compact(member), limits: JSONLimits(depth: 130, members: 100_000)).root
                #expect(compact(again) == compact(member), "seed \(seed)")
            }
        }
    }
}
