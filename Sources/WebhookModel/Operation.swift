/// What happened to a record.
package enum Action: String, Hashable, Sendable, CaseIterable {
    case created
    case updated
    case deleted
}

/// What an event says happened: one entity, one action, both in their canonical spelling (`people.updated`).
package struct Operation: Hashable, Sendable, CustomStringConvertible {
    /// The canonical entity name: never `person`.
    package let entity: String
    package let action: Action

    package init(entity: String, action: Action) {
        self.entity = EntityCatalog.canonical(entity)
        self.action = action
    }

    /// Reads `entity.action` of an entity that the catalog knows; nil for a wildcard or anything else.
    package init?(_ text: some StringProtocol, in catalog: EntityCatalog) {
        guard let pattern = OperationPattern(text, in: catalog), let operation = pattern.operation else { return nil }
        self = operation
    }

    /// Reads `entity.action` as it was stored, whatever entities this process is configured to accept.
    package init?(stored text: some StringProtocol) {
        guard let pattern = OperationPattern(stored: text), let operation = pattern.operation else { return nil }
        self = operation
    }

    /// `entity.action`, canonical: what deliveries say.
    package var name: String { "\(entity).\(action.rawValue)" }
    package var description: String { name }

    /// The patterns that match this operation, one of each form: what an index by pattern has to look up.
    package var candidatePatterns: [OperationPattern] {
        [
            OperationPattern(entity: entity, action: action),
            OperationPattern(entity: entity, action: nil),
            OperationPattern(entity: nil, action: action),
            OperationPattern(entity: nil, action: nil),
        ]
    }
}
