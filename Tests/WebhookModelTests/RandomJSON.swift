import TestSupport

/// Random JSON documents, each in two spellings: without white space between tokens, and with some anywhere.
struct RandomJSON {
    private var generator: SeededGenerator
    private var keys = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    struct Document {
        var compact: [UInt8] = []
        var spaced: [UInt8] = []
    }

    mutating func document() -> Document {
        var document = Document()
        space(&document)
        value(&document, depth: 0)
        space(&document)
        return document
    }

    /// The same, of an object with an `id` that is a string.
    mutating func record(id: String) -> Document {
        var document = Document()
        token("{", &document)
        token("\"id\"", &document)
        token(":", &document)
        token("\"\(id)\"", &document)
        for _ in 0..<chance(6) {
            token(",", &document)
            member(&document, depth: 1)
        }
        token("}", &document)
        return document
    }

    private static let numbers = [
        "0", "-0", "1.50", "1e-7", "12345678901234567890", "-98765432109876543210", "1E+30", "0.1", "100", "1.0", "1e5",
        "0.30000000000000004", "-1.5e-3", "9007199254740993",
    ]
    private static let pieces = [
        "a", " ", "\\n", "\\\"", "\\\\", "\\/", "/", "\\u0041", "\\u00e9", "é", "\u{2028}", "\u{2029}", "😀",
        "\\ud83d\\ude00",
        "<script>", "&", "'", "\u{7F}", "\\u2028", "{", "}", "[", ":", ",", "  ", "\u{FEFF}", "e\u{301}",
    ]

    private mutating func value(_ document: inout Document, depth: Int) {
        switch chance(depth > 5 ? 5 : 8) {
        case 0: token("null", &document)
        case 1: token(chance(2) == 0 ? "true" : "false", &document)
        case 2: token(Self.numbers[chance(Self.numbers.count)], &document)
        case 3, 4: token("\"\(text())\"", &document)
        case 5:
            token("[", &document)
            for index in 0..<chance(5) {
                if index > 0 { token(",", &document) }
                value(&document, depth: depth + 1)
            }
            token("]", &document)
        default:
            token("{", &document)
            for index in 0..<chance(5) {
                if index > 0 { token(",", &document) }
                member(&document, depth: depth + 1)
            }
            token("}", &document)
        }
    }

    private mutating func member(_ document: inout Document, depth: Int) {
        keys += 1
        // The number keeps keys apart; they stand in no order.
        token("\"\(text())\(keys * 7919 % 1000)-\(keys)\"", &document)
        token(":", &document)
        value(&document, depth: depth)
    }

    private mutating func text() -> String {
        (0..<chance(8)).map { _ in Self.pieces[chance(Self.pieces.count)] }.joined()
    }

    private mutating func token(_ text: String, _ document: inout Document) {
        space(&document)
        document.compact += Array(text.utf8)
        document.spaced += Array(text.utf8)
        space(&document)
    }

    private mutating func space(_ document: inout Document) {
        guard chance(3) == 0 else { return }
        for _ in 0...chance(4) { document.spaced.append([0x20, 0x0A, 0x0D, 0x09][chance(4)]) }
    }

    private mutating func chance(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
}
