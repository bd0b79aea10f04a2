/// What an API key may do. A key has one or more.
package struct Scope: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Everything under `/rest/webhooks`.
    package static let webhooks = Scope(rawValue: 1)
    /// Posting events.
    package static let events = Scope(rawValue: 2)
    /// GET under `/rest/webhooks`.
    package static let read = Scope(rawValue: 4)

    private static let names: [(String, Scope)] = [("webhooks", .webhooks), ("events", .events), ("read", .read)]

    /// Reads a comma separated list of scope names without spaces.
    ///
    /// - Throws: ``Problem`` naming what is no scope; an empty list is one too.
    package static func parse(_ text: String) throws(Problem) -> Scope {
        var scopes: Scope = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let (_, scope) = names.first(where: { $0.0 == part }) else { throw Problem(name: String(part)) }
            scopes.insert(scope)
        }
        return scopes
    }

    /// The names in a fixed order, comma separated: what ``parse(_:)`` reads.
    package var text: String {
        Self.names.filter { contains($0.1) }.map(\.0).joined(separator: ",")
    }

    /// A text that is no scope.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let name: String
        package var description: String { "\"\(name)\" is not a scope: use webhooks, events or read" }
    }
}

extension Scope: CustomStringConvertible {
    package var description: String { text }
}
