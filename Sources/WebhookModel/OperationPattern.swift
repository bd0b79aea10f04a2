/// What a webhook subscribes to: `people.created`, `company.*`, `*.updated` or `*`.
///
/// Equal patterns match the same operations: `person.created` reads as `people.created` and `*.*` as `*`. The spelling
/// that was submitted is kept with the webhook, not here.
package struct OperationPattern: Hashable, Sendable, CustomStringConvertible {
    /// The canonical entity name; nil matches every entity.
    package let entity: String?
    /// nil matches every action.
    package let action: Action?

    package init(entity: String?, action: Action?) {
        self.entity = entity.map(EntityCatalog.canonical)
        self.action = action
    }

    /// Reads a submitted pattern; nil unless it is exactly one of the four forms, of an entity in the catalog.
    package init?(_ text: some StringProtocol, in catalog: EntityCatalog) {
        self.init(stored: text)
        if let entity, !catalog.contains(entity) { return nil }
    }

    /// Reads a pattern that was accepted before: its form is checked, its entity may have left the catalog since.
    package init?(stored text: some StringProtocol) {
        if text == "*" {
            self.init(entity: nil, action: nil)
            return
        }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let action = parts[1] == "*" ? nil : Action(rawValue: String(parts[1]))
        guard action != nil || parts[1] == "*" else { return nil }
        if parts[0] == "*" {
            self.init(entity: nil, action: action)
        } else {
            let entity = String(parts[0])
            guard EntityCatalog.isName(entity) else { return nil }
            self.init(entity: entity, action: action)
        }
    }

    package func matches(_ operation: Operation) -> Bool {
        (entity == nil || entity == operation.entity) && (action == nil || action == operation.action)
    }

    /// The operation itself, when nothing is a wildcard.
    package var operation: Operation? {
        guard let entity, let action else { return nil }
        return Operation(entity: entity, action: action)
    }

    /// The operation that a test event takes for this pattern: a wildcard entity becomes `company`, a wildcard action
    /// `created`.
    package var exampleOperation: Operation {
        Operation(entity: entity ?? "company", action: action ?? .created)
    }

    /// The canonical text.
    package var description: String {
        if entity == nil, action == nil { return "*" }
        return "\(entity ?? "*").\(action?.rawValue ?? "*")"
    }
}
