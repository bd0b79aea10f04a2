/// How a filter compares a field with a value.
enum FilterComparator: Hashable, Sendable {
    case equal, notEqual, oneOf, noneOf
    case relation(Relation)
    case like(foldsCase: Bool)
    case startsWith, endsWith, containsAny
    case isNull, isNotNull

    /// Every spelling, in the order in which messages name them.
    static let names = [
        "eq", "neq", "not", "in", "not_in", "gt", "gte", "lt", "lte", "like", "ilike", "startsWith", "endsWith",
        "containsAny", "is", "is_not",
    ]

    init?(_ name: String) {
        switch name {
        case "eq": self = .equal
        case "neq", "not": self = .notEqual
        case "in": self = .oneOf
        case "not_in": self = .noneOf
        case "like": self = .like(foldsCase: false)
        case "ilike": self = .like(foldsCase: true)
        case "startsWith": self = .startsWith
        case "endsWith": self = .endsWith
        case "containsAny": self = .containsAny
        case "is": self = .isNull
        case "is_not": self = .isNotNull
        default:
            guard let relation = Relation(rawValue: name) else { return nil }
            self = .relation(relation)
        }
    }

    var takesList: Bool { self == .oneOf || self == .noneOf || self == .containsAny }

    fileprivate var name: String {
        switch self {
        case .equal: "eq"
        case .notEqual: "neq"
        case .oneOf: "in"
        case .noneOf: "not_in"
        case .relation(let relation): relation.rawValue
        case .like(let foldsCase): foldsCase ? "ilike" : "like"
        case .startsWith: "startsWith"
        case .endsWith: "endsWith"
        case .containsAny: "containsAny"
        case .isNull: "is"
        case .isNotNull: "is_not"
        }
    }
}

extension FilterComparison {
    /// - Parameter values: One, or those of a list; never empty.
    /// - Throws: when the field cannot be compared so, or a value is not of its type.
    init(_ field: FilterField, _ comparator: FilterComparator, _ values: [[UInt8]]) throws(FilterProblem) {
        switch comparator {
        case .isNull, .isNotNull: self = .null(field, try Self.null(comparator, values[0]))
        case .containsAny where field != .operations:
            throw FilterProblem(
                "\(field.rawValue)[containsAny]".utf8, "is not possible: containsAny is for operations",
                example: FilterProblem.listExample)
        default:
            switch field {
            case .id, .targetUrl, .description, .operations: self = .text(field, Self.textTest(comparator, values))
            case .isEnabled: self = try Self.flag(comparator, values)
            case .createdAt, .updatedAt: self = .time(field, try Self.timeTest(field, comparator, values))
            }
        }
    }

    private static func null(_ comparator: FilterComparator, _ value: [UInt8]) throws(FilterProblem) -> Bool {
        let example = "description[is]:NOT_NULL"
        switch String(decoding: value, as: UTF8.self) {
        case "NULL": return comparator == .isNull
        case "NOT_NULL" where comparator == .isNull: return false
        default:
            let allowed = comparator == .isNull ? "NULL or NOT_NULL" : "NULL"
            throw FilterProblem(value, "is not possible here: \(comparator.name) takes \(allowed)", example: example)
        }
    }

    private static func textTest(_ comparator: FilterComparator, _ values: [[UInt8]]) -> TextTest {
        switch comparator {
        case .notEqual, .noneOf: .noneOf(values)
        case .relation(let relation): .relation(relation, values[0])
        case .like(foldsCase: false): .contains(TextPattern(values[0]))
        case .like(foldsCase: true):
            .containsFolded(TextPattern(CaseFolding.folded(String(decoding: values[0], as: UTF8.self))))
        case .startsWith: .startsWith(values[0])
        case .endsWith: .endsWith(values[0])
        case .equal, .oneOf, .containsAny, .isNull, .isNotNull: .oneOf(values)
        }
    }

    private static func flag(
        _ comparator: FilterComparator, _ values: [[UInt8]]
    ) throws(FilterProblem) -> FilterComparison {
        let isNegative: Bool
        switch comparator {
        case .equal, .oneOf: isNegative = false
        case .notEqual, .noneOf: isNegative = true
        default: throw impossible(.isEnabled, comparator, "isEnabled[eq]:true")
        }
        var named: Set<Bool> = []
        for value in values {
            switch String(decoding: value, as: UTF8.self) {
            case "true": named.insert(true)
            case "false": named.insert(false)
            default: throw FilterProblem(value, "is neither true nor false", example: "isEnabled[eq]:true")
            }
        }
        return .isEnabled(
            whenTrue: named.contains(true) != isNegative, whenFalse: named.contains(false) != isNegative)
    }

    private static func timeTest(
        _ field: FilterField, _ comparator: FilterComparator, _ values: [[UInt8]]
    ) throws(FilterProblem) -> TimeTest {
        var times: [Int64] = []
        switch comparator {
        case .equal, .oneOf, .notEqual, .noneOf, .relation:
            for value in values { times.append(try time(value)) }
        default: throw impossible(field, comparator, "\(field.rawValue)[gte]:2026-01-01")
        }
        switch comparator {
        case .notEqual, .noneOf: return .noneOf(times)
        case .relation(let relation): return .relation(relation, times[0])
        default: return .oneOf(times)
        }
    }

    private static func time(_ value: [UInt8]) throws(FilterProblem) -> Int64 {
        let text = String(decoding: value, as: UTF8.self)
        guard let time = Timestamp.parseDate(text) ?? Timestamp.parse(text) else {
            throw FilterProblem(
                value, "is no time: a date, or a date and time with Z or an offset (a plus is written %2B in a URL)",
                example: "createdAt[gte]:2026-01-01T09:30:00Z")
        }
        return time
    }

    private static func impossible(
        _ field: FilterField, _ comparator: FilterComparator, _ example: String
    ) -> FilterProblem {
        FilterProblem("\(field.rawValue)[\(comparator.name)]".utf8, "is not possible with this field", example: example)
    }
}
