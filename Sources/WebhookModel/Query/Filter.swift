/// The syntax tree of a `filter`.
package indirect enum Filter: Hashable, Sendable {
    /// Every one of them; never empty.
    case and([Filter])
    /// At least one of them; never empty.
    case or([Filter])
    case not(Filter)
    case comparison(FilterComparison)
}

/// A field that a filter may name. There is no other way to address one, so that a secret cannot be asked for.
package enum FilterField: String, CaseIterable, Hashable, Sendable {
    case id, targetUrl, description, operations, isEnabled, createdAt, updatedAt
}

/// A question to one field of a webhook.
package enum FilterComparison: Hashable, Sendable {
    /// To ``FilterField/id``, `targetUrl`, `description` or `operations`.
    case text(FilterField, TextTest)
    /// To `isEnabled`: whether `true` and whether `false` satisfies it.
    case isEnabled(whenTrue: Bool, whenFalse: Bool)
    /// To `createdAt` or `updatedAt`.
    case time(FilterField, TimeTest)
    /// Whether the field is null, or is not.
    case null(FilterField, Bool)
}

/// What stands to the left of the value given.
package enum Relation: String, Hashable, Sendable {
    case greater = "gt"
    case greaterOrEqual = "gte"
    case less = "lt"
    case lessOrEqual = "lte"

    /// - Parameter comparison: below zero when the field's value comes before the given one, zero when they are the same.
    func holds(_ comparison: Int) -> Bool {
        switch self {
        case .greater: comparison > 0
        case .greaterOrEqual: comparison >= 0
        case .less: comparison < 0
        case .lessOrEqual: comparison <= 0
        }
    }
}

/// A test of text, by code points. Of several texts (`operations`) one must pass; none may for ``noneOf(_:)``.
package enum TextTest: Hashable, Sendable {
    case oneOf([[UInt8]])
    case noneOf([[UInt8]])
    case relation(Relation, [UInt8])
    case contains(TextPattern)
    /// The pattern is folded, and so must the text be.
    case containsFolded(TextPattern)
    case startsWith([UInt8])
    case endsWith([UInt8])

    /// Of one text; ``noneOf(_:)`` as the opposite of ``oneOf(_:)``.
    func passes(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch self {
        case .oneOf(let values): values.contains { $0.count == text.count && text.elementsEqual($0) }
        case .noneOf(let values): !values.contains { $0.count == text.count && text.elementsEqual($0) }
        case .relation(let relation, let value):
            relation.holds(value.withUnsafeBufferPointer { TextOrder.compare(text, $0) })
        case .contains(let pattern), .containsFolded(let pattern): pattern.isFound(in: text)
        case .startsWith(let value): text.count >= value.count && text.prefix(value.count).elementsEqual(value)
        case .endsWith(let value): text.count >= value.count && text.suffix(value.count).elementsEqual(value)
        }
    }
}

/// A test of a time in milliseconds since 1970.
package enum TimeTest: Hashable, Sendable {
    case oneOf([Int64])
    case noneOf([Int64])
    case relation(Relation, Int64)

    func passes(_ time: Int64) -> Bool {
        switch self {
        case .oneOf(let times): times.contains(time)
        case .noneOf(let times): !times.contains(time)
        case .relation(let relation, let given): relation.holds(time < given ? -1 : time == given ? 0 : 1)
        }
    }
}
