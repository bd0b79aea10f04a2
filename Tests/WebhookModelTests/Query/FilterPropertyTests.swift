import Testing

@testable import WebhookModel

/// A filter made at random, with a slow evaluator of its own that shares nothing with the product's.
private indirect enum Sample {
    case all([Sample]), any([Sample]), none(Sample)
    case leaf(field: String, comparator: String, values: [String])

    static func random(depth: Int, using generator: inout some RandomNumberGenerator) -> Sample {
        let kind = depth == 0 ? 9 : Int.random(in: 0..<10, using: &generator)
        switch kind {
        case 0...1: return .all(several(depth, &generator))
        case 2...3: return .any(several(depth, &generator))
        case 4: return .none(random(depth: depth - 1, using: &generator))
        default: return randomLeaf(using: &generator)
        }
    }

    private static func several(_ depth: Int, _ generator: inout some RandomNumberGenerator) -> [Sample] {
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in random(depth: depth - 1, using: &generator) }
    }

    private static func randomLeaf(using generator: inout some RandomNumberGenerator) -> Sample {
        let field = ["id", "targetUrl", "description", "operations", "isEnabled", "createdAt"]
            .randomElement(using: &generator)!
        var comparators = ["eq", "neq", "not", "in", "not_in", "is", "is_not"]
        if field != "isEnabled" { comparators += ["gt", "gte", "lt", "lte"] }
        if field != "isEnabled" && field != "createdAt" { comparators += ["like", "ilike", "startsWith", "endsWith"] }
        if field == "operations" { comparators.append("containsAny") }
        let comparator = comparators.randomElement(using: &generator)!
        switch comparator {
        case "is":
            let value = Bool.random(using: &generator) ? "NULL" : "NOT_NULL"
            return .leaf(field: field, comparator: comparator, values: [value])
        case "is_not": return .leaf(field: field, comparator: comparator, values: ["NULL"])
        default: break
        }
        let isList = ["in", "not_in", "containsAny"].contains(comparator)
        let values = (0..<(isList ? Int.random(in: 1...3, using: &generator) : 1)).map { _ in
            switch field {
            case "isEnabled": Bool.random(using: &generator) ? "true" : "false"
            case "createdAt": times.randomElement(using: &generator)!.text
            default: randomText(using: &generator)
            }
        }
        return .leaf(field: field, comparator: comparator, values: values)
    }

    /// Short texts of few letters, so that they often match.
    static func randomText(using generator: inout some RandomNumberGenerator) -> String {
        let letters = ["a", "A", "b", "B", ",", "(", ")", "]", "\"", "'", "\\", "%", "é", "É", " "]
        return (0..<Int.random(in: 0...3, using: &generator)).map { _ in letters.randomElement(using: &generator)! }
            .joined()
    }

    static let times: [(text: String, value: Int64)] = [
        ("1970-01-01", 0), ("1970-01-01T00:00:00.001Z", 1), ("1970-01-01T01:00:00.002+01:00", 2),
        ("1970-01-01T00:00:00.003Z", 3),
    ]

    // MARK: Writing it

    func text(using generator: inout some RandomNumberGenerator) -> String {
        switch self {
        case .all(let parts): return "and(" + list(parts, &generator) + ")"
        case .any(let parts): return "or(" + list(parts, &generator) + ")"
        case .none(let part): return "not(" + part.text(using: &generator) + ")"
        case .leaf(let field, let comparator, let values):
            var written: [String] = []
            for value in values { written.append(Self.write(value, using: &generator)) }
            let isList = ["in", "not_in", "containsAny"].contains(comparator)
            return "\(field)[\(comparator)]:" + (isList ? "[" + written.joined(separator: ",") + "]" : written[0])
        }
    }

    private func list(_ parts: [Sample], _ generator: inout some RandomNumberGenerator) -> String {
        var written: [String] = []
        for part in parts { written.append(part.text(using: &generator)) }
        return written.joined(separator: ",")
    }

    private static func write(_ value: String, using generator: inout some RandomNumberGenerator) -> String {
        let needsQuotes = value.isEmpty || value.contains { ",()]\"'\\".contains($0) }
        guard needsQuotes || Bool.random(using: &generator) else { return value }
        let mark = Bool.random(using: &generator) ? "\"" : "'"
        var output = mark
        for character in value {
            let must = String(character) == mark || character == "\\"
            if must || ("\"'".contains(character) && Bool.random(using: &generator)) { output += "\\" }
            output.append(character)
        }
        return output + mark
    }

    // MARK: Judging it, slowly

    func holds(_ webhook: Webhook) -> Bool {
        switch self {
        case .all(let parts): return parts.map { $0.holds(webhook) }.allSatisfy { $0 }
        case .any(let parts): return parts.map { $0.holds(webhook) }.contains(true)
        case .none(let part): return !part.holds(webhook)
        case .leaf("isEnabled", let comparator, let values):
            return Self.judge([webhook.isEnabled ? "true" : "false"], comparator, values)
        case .leaf("createdAt", let comparator, let values):
            let numbers = values.map { value in Self.times.first { $0.text == value }.map { "\($0.value)" } ?? value }
            return Self.judge(["\(webhook.createdAt)"], comparator, numbers)
        case .leaf("id", let comparator, let values): return Self.judge(["\(webhook.id)"], comparator, values)
        case .leaf("targetUrl", let comparator, let values): return Self.judge([webhook.targetUrl], comparator, values)
        case .leaf("description", let comparator, let values):
            return Self.judge(webhook.description.map { [$0] } ?? [], comparator, values)
        case .leaf(_, let comparator, let values): return Self.judge(webhook.operations, comparator, values)
        }
    }

    /// - Parameter texts: What the field holds: none when it is null.
    private static func judge(_ texts: [String], _ comparator: String, _ values: [String]) -> Bool {
        switch comparator {
        case "neq", "not", "not_in": return !texts.contains { text in values.contains { same(text, $0) } }
        case "is": return texts.isEmpty == (values[0] == "NULL")
        case "is_not": return !texts.isEmpty
        default: return texts.contains { judgeOne($0, comparator, values) }
        }
    }

    private static func judgeOne(_ text: String, _ comparator: String, _ values: [String]) -> Bool {
        let codes = text.unicodeScalars.map(\.value)
        let value = values[0].unicodeScalars.map(\.value)
        switch comparator {
        case "eq", "in", "containsAny": return values.contains { same(text, $0) }
        case "gt": return value.lexicographicallyPrecedes(codes)
        case "gte": return !codes.lexicographicallyPrecedes(value)
        case "lt": return codes.lexicographicallyPrecedes(value)
        case "lte": return !value.lexicographicallyPrecedes(codes)
        case "startsWith": return codes.starts(with: value)
        case "endsWith": return codes.reversed().starts(with: value.reversed())
        case "like": return wild(codes[...], [0x25] + value + [0x25])
        default:
            return wild(
                text.lowercased().unicodeScalars.map(\.value)[...],
                [0x25] + values[0].lowercased().unicodeScalars.map(\.value) + [0x25])
        }
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.unicodeScalars.elementsEqual(right.unicodeScalars)
    }

    /// Backtracking, as a textbook has it.
    private static func wild(_ text: ArraySlice<UInt32>, _ pattern: [UInt32]) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = Array(pattern.dropFirst())
        if first == 0x25 { return (text.startIndex...text.endIndex).contains { wild(text[$0...], rest) } }
        return text.first == first && wild(text.dropFirst(), rest)
    }
}

@Suite("Filters at random", .timeLimit(.minutes(2)))
struct FilterPropertyTests {
    private func randomWebhook(using generator: inout some RandomNumberGenerator) -> Webhook {
        let time = Int64.random(in: 0...3, using: &generator)
        return Webhook(
            id: WebhookID(UUIDValue(high: 0xA, low: UInt64.random(in: 0...3, using: &generator))),
            targetUrl: Sample.randomText(using: &generator),
            operations: [Sample.randomText(using: &generator), Sample.randomText(using: &generator)],
            description: Bool.random(using: &generator) ? nil : Sample.randomText(using: &generator),
            isEnabled: Bool.random(using: &generator), createdAt: time, updatedAt: time, version: 1)
    }

    @Test func `the product and a slow evaluator agree about 20,000 filters`() throws {
        var generator = SystemRandomNumberGenerator()
        var held = 0
        for _ in 0..<20_000 {
            let sample = Sample.random(depth: 3, using: &generator)
            let text = sample.text(using: &generator)
            let webhook = randomWebhook(using: &generator)
            let expected = sample.holds(webhook)
            if expected { held += 1 }
            guard let filter = try? Filter(text) else {
                // Only the bounds may refuse it.
                #expect(text.utf8.count > Filter.maximumBytes || text.split(separator: ":").count > 50, "\(text)")
                continue
            }
            #expect(filter.matches(webhook) == expected, "\(text) on \(webhook)")
        }
        #expect((4000...16_000).contains(held), "the samples decide nothing: \(held) of 20,000 held")
    }
}
