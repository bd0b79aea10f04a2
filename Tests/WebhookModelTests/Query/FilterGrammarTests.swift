import Testing

@testable import WebhookModel

@Suite("Filter grammar", .timeLimit(.minutes(1)))
struct FilterGrammarTests {
    private func text(_ field: FilterField, _ value: String) -> Filter {
        .comparison(.text(field, .oneOf([Array(value.utf8)])))
    }

    private func problem(_ filter: String) -> FilterProblem? {
        do {
            _ = try Filter(filter)
            return nil
        } catch {
            return error
        }
    }

    @Test func `expressions side by side are joined by and`() throws {
        #expect(try Filter("id[eq]:a") == text(.id, "a"))
        #expect(try Filter("id[eq]:a,targetUrl[eq]:b") == .and([text(.id, "a"), text(.targetUrl, "b")]))
        let groups = try Filter("or(id[eq]:a,id[eq]:b),or(id[eq]:c,id[eq]:d)")
        #expect(
            groups == .and([.or([text(.id, "a"), text(.id, "b")]), .or([text(.id, "c"), text(.id, "d")])]))
    }

    @Test func `groups stand inside each other`() throws {
        let filter = try Filter("and(or(id[eq]:a,not(and(id[eq]:b))),id[eq]:c)")
        #expect(filter == .and([.or([text(.id, "a"), .not(.and([text(.id, "b")]))]), text(.id, "c")]))
    }

    @Test func `a URL needs no quotes`() throws {
        let url = "https://h.example:8443/a/b?x=1&y=[2]:3#(z)"
        #expect(try Filter("targetUrl[eq]:\(url)") == text(.targetUrl, url))
        #expect(try Filter("or(targetUrl[eq]:\(url))") == .or([text(.targetUrl, url)]))
    }

    @Test(arguments: [
        (#"description[eq]:"a, b""#, "a, b"), (#"description[eq]:'a, b'"#, "a, b"),
        (#"description[eq]:"say \"x\" \'y\' \\""#, #"say "x" 'y' \"#), (#"description[eq]:"it's""#, "it's"),
        (#"description[eq]:"""#, ""), (#"description[eq]:a"b"#, #"a"b"#), (#"description[eq]:a\"#, #"a\"#),
        ("description[eq]: a b ", " a b "), ("description[eq]:a)b", "a)b"), ("description[eq]:f(x)", "f(x)"),
        (#"description[eq]:")(""#, ")("), ("description[eq]:grüße 🎉", "grüße 🎉"), ("description[eq]::]", ":]"),
    ])
    func `quotes count only as the first character, and have three escapes`(filter: String, value: String) throws {
        #expect(try Filter(filter) == text(.description, value))
    }

    @Test func `a bare value in a group ends at the parenthesis that closes the group`() throws {
        #expect(try Filter("not(description[eq]:a)") == .not(text(.description, "a")))
        #expect(try Filter("not(description[eq]:f(x))") == .not(text(.description, "f(x)")))
        #expect(
            try Filter("or(description[eq]:f(x,id[eq]:a)") == .or([text(.description, "f(x"), text(.id, "a")]))
    }

    @Test func `lists hold quoted and bare items`() throws {
        let items = [Array("a".utf8), Array("b, ]".utf8), Array("c(d)".utf8), Array("".utf8)]
        #expect(try Filter(#"id[in]:[a,"b, ]",c(d),""]"#) == .comparison(.text(.id, .oneOf(items))))
        #expect(try Filter("id[not_in]:[a]") == .comparison(.text(.id, .noneOf([Array("a".utf8)]))))
        #expect(try Filter("not(operations[containsAny]:[a,*])") != Filter("not(operations[containsAny]:[a])"))
    }

    @Test func `not is also a spelling of neq`() throws {
        #expect(try Filter("id[not]:a") == Filter("id[neq]:a"))
        #expect(try Filter("not(id[not]:a)") == .not(Filter("id[neq]:a")))
    }

    @Test func `every comparator has the fields that it can be used with`() throws {
        let values = [
            "eq": "V", "neq": "V", "not": "V", "in": "[V]", "not_in": "[V]", "gt": "V", "gte": "V", "lt": "V",
            "lte": "V", "like": "V", "ilike": "V", "startsWith": "V", "endsWith": "V", "containsAny": "[V]",
            "is": "NULL", "is_not": "NULL",
        ]
        #expect(Set(values.keys) == Set(FilterComparator.names))
        let ofText = Set(values.keys).subtracting(["containsAny"])
        let ofTimes = ofText.subtracting(["like", "ilike", "startsWith", "endsWith"])
        let possible: [String: Set<String>] = [
            "id": ofText, "targetUrl": ofText, "description": ofText, "operations": Set(values.keys),
            "createdAt": ofTimes, "updatedAt": ofTimes, "isEnabled": ofTimes.subtracting(["gt", "gte", "lt", "lte"]),
        ]
        for (field, comparators) in possible {
            let value = field.hasSuffix("At") ? "2026-01-01" : field == "isEnabled" ? "true" : "x"
            for (comparator, pattern) in values {
                let filter =
                    "\(field)[\(comparator)]:"
                    + pattern.split(separator: "V", omittingEmptySubsequences: false)
                    .joined(separator: value)
                #expect((problem(filter) == nil) == comparators.contains(comparator), "\(filter)")
            }
        }
    }

    /// The filter and the part of it that the message must quote.
    private static let refused: [(String, String)] = [
        ("name[eq]:x", "name"), ("secret[eq]:x", "secret"), ("secret[is]:NULL", "secret"), ("Id[eq]:x", "Id"),
        ("hasSecret[eq]:true", "hasSecret"), ("record.name[eq]:x", "record.name"), ("id.x[eq]:1", "id.x"),
        (" id[eq]:x", " id"), ("id[eq]:x, id[eq]:y", " id"), ("[eq]:x", ""), ("id[EQ]:x", "EQ"),
        ("id[contains]:x", "contains"), ("id[]:x", ""), ("id[eq ]:x", "eq "), ("id", "id"), ("id:x", "id:x"),
        ("id[eq", "id[eq"), ("id[eq]x", "id[eq]x"), ("id[eq]", "id[eq]"), ("id[eq]:", "id[eq]:"),
        ("id[eq]:,id[eq]:x", "id[eq]:"), ("or(id[eq]:)", "id[eq]:"), ("id[eq]:[a]", "id[eq]:[a]"),
        ("id[like]:[a]", "id[like]:[a]"), ("id[in]:a", "id[in]:a"), ("id[in]:\"a\"", "id[in]:\\\"a\\\""),
        ("id[in]:[]", "id[in]:[]"), ("id[in]:[a,]", "id[in]:[a,]"), ("id[in]:[,a]", "id[in]:[,a]"),
        ("id[in]:[a", "id[in]:[a"), ("id[in]:[a]b", "b"), ("id[in]:[\"a\"b]", "id[in]:[\"a\"b]"),
        ("id[in]:[\"a]", "\"a]"), ("id[eq]:\"a", "\"a"), ("id[eq]:'a\"", "'a\""), ("id[eq]:\"a\"b", "b"),
        ("id[eq]:\"a\\n\"", "\\n\""), ("id[eq]:\"a\\", "\\"), ("and(id[eq]:x", "and(id[eq]:x"),
        ("and(id[eq]:x,or(id[eq]:y)", "and(id[eq]:x,or(id[eq]:y)"), ("and(id[eq]:x))", ")"), (")", ")"),
        ("and()", "and()"),
        ("or()", "or()"), ("not()", "not()"), ("and", "and"), ("and(,id[eq]:x)", ",id[eq]:x)"),
        ("and(id[eq]:x,)", ")"), ("id[eq]:x,", ""), (",id[eq]:x", ",id[eq]:x"), ("id[eq]:x,,id[eq]:y", ",id[eq]:y"),
        ("not(id[eq]:x,id[eq]:y)", "not(id[eq]:x,id[eq]:y)"), ("xor(id[eq]:x)", "xor("), ("AND(id[eq]:x)", "AND("),
        ("(id[eq]:x)", "("), ("and(id[eq]:x)or(id[eq]:y)", "or(id[eq]:y)"), ("isEnabled[eq]:yes", "yes"),
        ("isEnabled[eq]:TRUE", "TRUE"), ("isEnabled[in]:[true,1]", "1"), ("createdAt[gt]:yesterday", "yesterday"),
        ("createdAt[gt]:2026-02-30", "2026-02-30"), ("createdAt[gt]:2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("updatedAt[eq]:1767225600000", "1767225600000"), ("createdAt[in]:[2026-01-01,x]", "x"),
        ("description[is]:null", "null"), ("description[is]:x", "x"), ("description[is_not]:NOT_NULL", "NOT_NULL"),
        ("targetUrl[containsAny]:[a]", "targetUrl[containsAny]"), ("createdAt[like]:2026", "createdAt[like]"),
        ("isEnabled[gt]:true", "isEnabled[gt]"), ("and(id[in]:[a)", "id[in]:[a)"),
    ]

    @Test(arguments: refused)
    func `everything else is refused with the offending part and one example`(filter: String, part: String) throws {
        let found = problem(filter)
        let problem = try #require(found, "\(filter) was accepted")
        let unescaped = part.split(separator: "\\\"", omittingEmptySubsequences: false).joined(separator: "\"")
        #expect(problem.part == "\"\(unescaped)\"" || problem.part == "\"\(part)\"", "\(filter): \(problem)")
        #expect(problem.description.split(separator: "; example: ").count == 2)
    }

    @Test func `the examples that messages give are filters themselves`() throws {
        for (filter, _) in Self.refused {
            let found = problem(filter)
            let example = try #require(found).example
            #expect(problem(example) == nil, "\(example)")
        }
    }

    @Test func `a filter has at most 4096 bytes`() throws {
        let head = "description[eq]:"
        #expect(problem(head + String(repeating: "a", count: 4096 - head.utf8.count)) == nil)
        #expect(problem(head + String(repeating: "a", count: 4097 - head.utf8.count))?.reason.contains("4096") == true)
    }

    @Test func `groups stand at most 8 deep`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "not(", count: depth) + "id[eq]:x" + String(repeating: ")", count: depth)
        }
        #expect(problem(nested(8)) == nil)
        #expect(problem(nested(9))?.reason.contains("more than 7 others") == true)
        #expect(problem(nested(800)) != nil)
        #expect(problem(String(repeating: "and(", count: 1000)) != nil)
    }

    @Test func `a filter has at most 50 comparisons and 100 values in a list`() {
        func terms(_ count: Int) -> String { Array(repeating: "id[eq]:x", count: count).joined(separator: ",") }
        #expect(problem(terms(50)) == nil)
        #expect(problem(terms(51))?.reason.contains("50") == true)
        #expect(problem("or(\(terms(26))),or(\(terms(25)))") != nil)
        func list(_ count: Int) -> String {
            "id[in]:[" + Array(repeating: "x", count: count).joined(separator: ",") + "]"
        }
        #expect(problem(list(100)) == nil)
        #expect(problem(list(101))?.reason.contains("100") == true)
    }

    @Test func `no text makes the parser fail, whatever its bytes`() {
        let pieces = [
            "and(", "or(", "not(", ")", ",", "[", "]", ":", "\"", "'", "\\", "id", "[eq]:", "[in]:[", "x", "createdAt",
            "isEnabled", "operations", "[containsAny]:", "2026-01-01", "true", " ", "é", "🎉", "%",
            "description[is]:NULL",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let filter = (0..<Int.random(in: 0...14, using: &generator))
                .map { _ in pieces.randomElement(using: &generator)! }.joined()
            if let problem = problem(filter) { #expect(!problem.reason.isEmpty) }
        }
    }
}
