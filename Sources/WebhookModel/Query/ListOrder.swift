/// A field that a list may be ordered by.
package enum OrderField: String, CaseIterable, Hashable, Sendable {
    case id, targetUrl, description, isEnabled, createdAt, updatedAt
}

/// Which end of a field comes first, and where records without it stand.
package enum OrderDirection: String, CaseIterable, Hashable, Sendable {
    case ascendingNullsFirst = "AscNullsFirst"
    case ascendingNullsLast = "AscNullsLast"
    case descendingNullsFirst = "DescNullsFirst"
    case descendingNullsLast = "DescNullsLast"

    var isDescending: Bool { self == .descendingNullsFirst || self == .descendingNullsLast }
    var putsNullsFirst: Bool { self == .ascendingNullsFirst || self == .descendingNullsFirst }
}

/// One term of `order_by`.
package struct OrderTerm: Hashable, Sendable {
    package let field: OrderField
    package let direction: OrderDirection

    package init(_ field: OrderField, _ direction: OrderDirection = .ascendingNullsFirst) {
        self.field = field
        self.direction = direction
    }
}

/// The order of a list: its terms, and the id where they say nothing.
package struct ListOrder: Hashable, Sendable {
    package let terms: [OrderTerm]

    /// The oldest first: what a list without `order_by` has.
    package static let byCreation = ListOrder([OrderTerm(.createdAt)])

    package static let maximumTerms = 5

    package init(_ terms: [OrderTerm]) { self.terms = terms }

    /// Whether it is the order of creation, in which the index of a workspace stands already.
    package var isByCreation: Bool {
        guard let first = terms.first, first.field == .createdAt, !first.direction.isDescending else { return false }
        return terms.dropFirst().allSatisfy { $0.field == .createdAt }
    }

    /// Reads `field[Direction],field,...`.
    ///
    /// - Throws: what is wrong with it, as a sentence that begins with `order_by`.
    package static func read(_ text: String) throws(RequestRefused) -> ListOrder {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= maximumTerms else {
            throw RequestRefused("order_by must have at most \(maximumTerms) terms")
        }
        var terms: [OrderTerm] = []
        for part in parts { terms.append(try readTerm(String(part))) }
        return ListOrder(terms)
    }

    private static func readTerm(_ text: String) throws(RequestRefused) -> OrderTerm {
        let example = "; example: createdAt[DescNullsLast]"
        let bracket = text.firstIndex(of: "[") ?? text.endIndex
        guard let field = OrderField(rawValue: String(text[..<bracket])) else {
            let names = OrderField.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestRefused(
                "order_by \(RegistrationFields.echo(text)) names no field that can be ordered by (\(names))\(example)")
        }
        guard bracket < text.endIndex else { return OrderTerm(field) }
        guard text.last == "]",
            let direction = OrderDirection(rawValue: String(text[bracket...].dropFirst().dropLast()))
        else {
            let names = OrderDirection.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestRefused(
                "order_by \(RegistrationFields.echo(text)) has no direction that is known (\(names))\(example)")
        }
        return OrderTerm(field, direction)
    }
}

/// What an order looks at of one webhook.
package struct OrderKey: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case null
        case text(String)
        case number(Int64)
    }

    let values: [Value]
    package let id: WebhookID
}

extension ListOrder {
    package func key(of webhook: Webhook) -> OrderKey {
        OrderKey(values: terms.map { value(of: webhook, $0.field) }, id: webhook.id)
    }

    private func value(of webhook: Webhook, _ field: OrderField) -> OrderKey.Value {
        switch field {
        case .id: .text(webhook.id.description)
        case .targetUrl: .text(webhook.targetUrl)
        case .description: webhook.description.map { .text($0) } ?? .null
        case .isEnabled: .number(webhook.isEnabled ? 1 : 0)
        case .createdAt: .number(webhook.createdAt)
        case .updatedAt: .number(webhook.updatedAt)
        }
    }

    /// Whether the webhook of one key stands before that of the other. Text is compared by code point.
    package func precedes(_ left: OrderKey, _ right: OrderKey) -> Bool {
        for (index, term) in terms.enumerated() {
            switch (left.values[index], right.values[index]) {
            case (.null, .null): continue
            case (.null, _): return term.direction.putsNullsFirst
            case (_, .null): return !term.direction.putsNullsFirst
            case (.number(let a), .number(let b)) where a != b: return (a < b) != term.direction.isDescending
            case (.text(let a), .text(let b)):
                let comparison = TextOrder.compare(a, b)
                if comparison != 0 { return (comparison < 0) != term.direction.isDescending }
            default: continue
            }
        }
        return left.id < right.id
    }
}

/// Text in the order of its code points, which is that of its UTF-8 bytes; no two spellings are the same text.
enum TextOrder {
    /// Below zero when `left` comes first, zero when they are the same.
    static func compare(_ left: String, _ right: String) -> Int {
        withBytes(of: left) { left in withBytes(of: right) { right in compare(left, right) } }
    }

    static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return Int(left[index]) - Int(right[index])
        }
        return left.count - right.count
    }

    static func withBytes<Result>(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
        var text = text
        return text.withUTF8(body)
    }
}
