extension Filter {
    /// Whether a webhook satisfies it, in time linear in the length of the webhook's texts.
    package func matches(_ webhook: Webhook) -> Bool {
        var subject = FilterSubject(webhook)
        return matches(&subject)
    }

    private func matches(_ subject: inout FilterSubject) -> Bool {
        switch self {
        case .and(let parts):
            for part in parts where !part.matches(&subject) { return false }
            return true
        case .or(let parts):
            for part in parts where part.matches(&subject) { return true }
            return false
        case .not(let part): return !part.matches(&subject)
        case .comparison(let comparison): return subject.satisfies(comparison)
        }
    }
}

/// A webhook that is being asked; what several questions need of it is made once.
private struct FilterSubject {
    private let webhook: Webhook
    private lazy var id = Array(webhook.id.description.utf8)
    private lazy var foldedTargetUrl = CaseFolding.folded(webhook.targetUrl)
    private lazy var foldedDescription = webhook.description.map(CaseFolding.folded)
    private lazy var foldedOperations = webhook.operations.map(CaseFolding.folded)

    init(_ webhook: Webhook) { self.webhook = webhook }

    mutating func satisfies(_ comparison: FilterComparison) -> Bool {
        switch comparison {
        case .isEnabled(let whenTrue, let whenFalse): return webhook.isEnabled ? whenTrue : whenFalse
        case .time(let field, let test):
            return test.passes(field == .updatedAt ? webhook.updatedAt : webhook.createdAt)
        case .null(let field, let expected):
            return (field == .description && webhook.description == nil) == expected
        case .text(let field, .noneOf(let values)): return !satisfies(field, .oneOf(values))
        case .text(let field, .containsFolded(let pattern)): return satisfiesFolded(field, pattern)
        case .text(let field, let test): return satisfies(field, test)
        }
    }

    /// Whether any text of the field passes; null has none.
    private mutating func satisfies(_ field: FilterField, _ test: TextTest) -> Bool {
        switch field {
        case .targetUrl: TextOrder.withBytes(of: webhook.targetUrl) { test.passes($0) }
        case .description: webhook.description.map { TextOrder.withBytes(of: $0) { test.passes($0) } } ?? false
        case .operations: webhook.operations.contains { TextOrder.withBytes(of: $0) { test.passes($0) } }
        default: id.withUnsafeBufferPointer { test.passes($0) }
        }
    }

    private mutating func satisfiesFolded(_ field: FilterField, _ pattern: TextPattern) -> Bool {
        switch field {
        case .targetUrl: foldedTargetUrl.withUnsafeBufferPointer { pattern.isFound(in: $0) }
        case .description: foldedDescription?.withUnsafeBufferPointer { pattern.isFound(in: $0) } ?? false
        case .operations: foldedOperations.contains { $0.withUnsafeBufferPointer { pattern.isFound(in: $0) } }
        default: id.withUnsafeBufferPointer { pattern.isFound(in: $0) }
        }
    }
}
