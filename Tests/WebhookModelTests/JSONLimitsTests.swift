import TestSupport
import Testing

@testable import WebhookModel

private func reason(_ text: String, depth: Int = 64, members: Int = 10_000) -> JSONProblem.Reason? {
    reason(Array(text.utf8), depth: depth, members: members)
}

private func reason(_ text: [UInt8], depth: Int = 64, members: Int = 10_000) -> JSONProblem.Reason? {
    do throws(JSONProblem) {
        _ = try JSONDocument(text, limits: JSONLimits(depth: depth, members: members))
        return nil
    } catch {
        return error.reason
    }
}

private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

@Suite struct JSONLimitsTests {
    @Test(arguments: [1, 2, 64, 128])
    func `as many levels as allowed are read and not one more`(depth: Int) throws {
        let arrays = repeated("[", depth) + repeated("]", depth)
        let objects = repeated("{\"a\":", depth) + "1" + repeated("}", depth)
        let mixed =
            repeated("[{\"a\":", depth / 2) + repeated("[", depth % 2) + repeated("]", depth % 2)
            + (depth % 2 == 0 ? "1" : "") + repeated("}]", depth / 2)
        for text in [arrays, objects, mixed] {
            #expect(reason(text, depth: depth) == nil)
            #expect(try JSONDocument(Array(text.utf8), limits: JSONLimits(depth: depth, members: 1000)).depth == depth)
            #expect(reason("[\(text)]", depth: depth) == .tooDeep(depth))
            #expect(reason("{\"x\":\(text)}", depth: depth) == .tooDeep(depth))
        }
        #expect(reason("[" + repeated("[],", depth * 3) + "[]]", depth: max(depth, 2)) == nil)
    }

    @Test func `a million open brackets exhaust nothing`() {
        for text in ["[", "{\"a\":", "[{\"a\":"] {
            #expect(reason(repeated(text, 1_000_000)) == .tooDeep(64))
            #expect(reason(repeated(text, 200_000), depth: .max, members: .max) == .unexpectedEnd)
        }
        let closed = repeated("[", 200_000) + repeated("]", 200_000)
        #expect(reason(closed, depth: .max, members: .max) == nil)
    }

    @Test func `ten thousand members and elements are read and not one more`() {
        #expect(reason("[" + repeated("0,", 9999) + "0]") == nil)
        #expect(reason("[" + repeated("0,", 10_000) + "0]") == .tooManyMembers(10_000))
        func object(_ count: Int) -> String {
            "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
        }
        #expect(reason(object(10_000)) == nil)
        #expect(reason(object(10_001)) == .tooManyMembers(10_000))
        // All levels count together.
        #expect(reason("[" + repeated("[0,0,0,0],", 1999) + "[0,0,0,0]]") == nil)
        #expect(reason("[" + repeated("[0,0,0,0],", 1999) + "[0,0,0,0,0]]") == .tooManyMembers(10_000))
    }

    @Test(arguments: ["", "-", "0.", "1e", "-1.5E+"])
    func `a number of 400 characters is read and not one more`(start: String) {
        let digits = repeated("7", 400 - start.utf8.count)
        #expect(reason("[\(start)\(digits)]") == nil)
        #expect(reason("[\(start)\(digits)7]") == .longNumber)
        #expect(reason("\(start)\(digits)") == nil)
        #expect(reason("{\"a\":\(start)\(digits)7}") == .longNumber)
    }

    @Test func `a string may be as long as the body`() {
        #expect(reason("[\"" + repeated("x", 1_000_000) + "\"]") == nil)
        #expect(reason("[\"" + repeated("\\u0041", 200_000) + "\"]") == nil)
    }

    @Test func `hostile texts cost no more time a byte than plain ones`() throws {
        let size = 1 << 18
        let plain = Array(("[\"" + repeated("x", size) + "\"]").utf8)
        let hostile: [String: [UInt8]] = [
            "open brackets": Array(repeated("[", size).utf8),
            "many keys": keys(count: size / 12) { "k\($0)" },
            "keys of one length and beginning": keys(count: size / 40) { "same-beginning-\(1_000_000_000 + $0)" },
            "escaped keys": keys(count: size / 40) { "\\u0061\\u0062\\u0063\($0)" },
            "objects of one key": Array(("[" + repeated("{\"a\":0},", size / 8) + "0]").utf8),
            "objects of 17 keys": Array(
                ("[" + repeated("{" + (0..<17).map { "\"\($0)\":0" }.joined(separator: ",") + "},", size / 110) + "0]")
                    .utf8),
            "escapes": Array(("[\"" + repeated("\\n", size / 2) + "\"]").utf8),
            "white space": Array(("[" + repeated(" \n", size / 2) + "]").utf8),
            "a long number": Array(("[" + repeated("1", size) + "]").utf8),
            "elements": Array(("[" + repeated("0,", size / 2) + "0]").utf8),
            "bad at the end": Array(("[" + repeated("\n", size) + "x").utf8),
        ]
        let base = time { _ = reason(plain, depth: .max, members: .max) }
        for (name, text) in hostile {
            let one = time { _ = reason(text, depth: .max, members: .max) }
            // Room for a busy machine; work that grows with the square of the text would be thousands of times more.
            #expect(one < max(base, .milliseconds(20)) * 100, "\(name): \(one), plain text \(base)")
        }
    }

    private func keys(count: Int, _ name: (Int) -> String) -> [UInt8] {
        Array(("{" + (0..<count).map { "\"\(name($0))\":0" }.joined(separator: ",") + "}").utf8)
    }

    private func time(_ work: () -> Void) -> Duration {
        let clock = ContinuousClock()
        return (0..<2).map { _ in clock.measure(work) }.min() ?? .zero
    }
}

@Suite struct JSONDuplicateKeyTests {
    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"b":2,"a":1}"#, #"{"":1,"":1}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2}"#,
        #"{"\u0061":1,"\u0061":2}"#, #"{"a\/b":1,"a/b":2}"#, #"{"\n":1,"\u000a":2}"#, #"{"\u000A":1,"\u000a":2}"#,
        #"{"é":1,"\u00e9":2}"#, #"{"😀":1,"\ud83d\ude00":2}"#, #"{"\uD83D\uDE00":1,"\ud83d\ude00":2}"#,
        #"{"x":{"a":1,"a":2}}"#, #"[[[{"a":1,"b":{},"a":2}]]]"#, #"{"a":{"a":{"a":1}},"a":2}"#,
        #"{"a":{},"b":[{"c":1,"c":1}]}"#,
        #"{"12345678":1,"12345678":2}"#, #"{"123456789":1,"123456789":2}"#, #"{"1234567":1,"1234567":2}"#,
        #"{"1234567\u0038":1,"12345678":2}"#, #"{"\u0000":1,"\u0000":2}"#, #"{"\"":1,"\u0022":2}"#,
        #"{"\\":1,"\u005c":2}"#,
        #"{"a" :1, "a": 2}"#, #"{"a":1,"a":1}"#,
    ])
    func `a key that stands for one its object has already is refused at any depth`(text: String) {
        #expect(reason(text) == .duplicateKey)
    }

    @Test(arguments: [
        #"{"a":1,"A":2}"#, #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":1,"a ":2}"#, #"{"a":1,"\\u0061":2}"#,
        #"{"e\u0301":1,"\u00e9":2}"#, #"{"a":{"b":1},"b":1}"#, #"{"a":[{"x":1},{"x":1}],"x":1}"#, #"{"":1,"\u0000":2}"#,
        #"{"12345678":1,"123456780":2}"#, #"{"ab":1,"a\u0000b":2}"#, #"{"1234567\u0000":1,"1234567":2}"#,
        #"{"\u0000":1,"\u0000\u0000":2}"#, #"{"12345678a":1,"12345678b":2}"#,
    ])
    func `keys that stand for different texts, or in different objects, are no duplicates`(text: String) {
        #expect(reason(text) == nil)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 18, 31, 32, 33, 64, 65, 1000])
    func `a duplicate is found among any number of keys, at any place`(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        for escaped in [false, true] {
            let names = (0..<count).map { "key number \($0)" }
            let duplicated = Int.random(in: 0..<count, using: &generator)
            let last = escaped ? "\\u006bey number \(duplicated)" : names[duplicated]
            let good = names.map { "\"\($0)\":0" }.joined(separator: ",")
            #expect(reason("{\(good)}") == nil)
            #expect(reason("{\(good),\"\(last)\":0}") == .duplicateKey)
            #expect(reason("{\(good),\"inner\":{\(good),\"\(last)\":0}}") == .duplicateKey)
            #expect(reason("{\"inner\":{\(good)},\(good)}") == nil)
        }
    }

    @Test func `random objects are refused exactly when a set of their keys is smaller`() throws {
        var generator = SeededGenerator(seed: 4)
        let pieces = [
            ("a", "a"), ("b", "b"), ("\\u0061", "a"), ("\\n", "\n"), ("\\u000A", "\n"), ("é", "é"), ("\\u00E9", "é"),
            ("/", "/"), ("\\/", "/"),
        ]
        for _ in 0..<3000 {
            var keys: [String] = []
            var meanings: [String] = []
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                let parts = (0..<Int.random(in: 0...11, using: &generator)).map { _ in
                    pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                }
                keys.append(parts.map(\.0).joined())
                meanings.append(parts.map(\.1).joined())
            }
            let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
            let isUnique = Set(meanings.map { Array($0.utf8) }).count == meanings.count
            #expect((reason(text) == nil) == isUnique, "\(text)")
        }
    }
}
