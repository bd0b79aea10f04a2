/// The entities whose events are accepted and may be subscribed to.
package struct EntityCatalog: Sendable, Hashable {
    private let names: Set<String>

    /// `company`, `people`, `opportunity` and `task`.
    package static let standard = EntityCatalog(names: ["company", "people", "opportunity", "task"])

    private init(names: Set<String>) {
        self.names = names
    }

    /// The standard entities and `additional` ones.
    ///
    /// - Throws: ``Problem`` for a name that could not stand in an operation.
    package init(additional: [String]) throws(Problem) {
        for name in additional where !Self.isName(name) { throw Problem(name: name) }
        names = Self.standard.names.union(additional.map(Self.canonical))
    }

    /// A configured entity name that cannot be used.
    package struct Problem: Error, CustomStringConvertible {
        package let name: String
        package var description: String {
            "\"\(name)\" is not an entity name: a lower case letter, then at most 62 letters, digits or _"
        }
    }

    /// Whether a canonical or alias name is among the entities.
    package func contains(_ name: String) -> Bool { names.contains(Self.canonical(name)) }

    /// All canonical names in alphabetical order.
    package var sortedNames: [String] { names.sorted() }

    /// `people` for its alias `person`; every other name is its own.
    package static func canonical(_ name: String) -> String { name == "person" ? "people" : name }

    /// The grammar of entity names: `[a-z][A-Za-z0-9_]{0,62}`.
    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 63, ASCII.isLowerCaseLetter(first) else { return false }
        return bytes.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
    }
}
