/// Why a text is no filter: what part of it, what is wrong with it, and how it is done right.
package struct FilterProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part of the filter that is wrong, cut when it is long.
    package let part: String
    package let reason: String
    package let example: String

    init(_ part: some Sequence<UInt8>, _ reason: String, example: String = FilterProblem.plainExample) {
        self.part = RegistrationFields.echo(String(decoding: Array(part), as: UTF8.self))
        self.reason = reason
        self.example = example
    }

    package var description: String { "\(part) \(reason); example: \(example)" }

    static let plainExample = "targetUrl[eq]:https://example.com/hook"
    static let groupExample = "or(isEnabled[eq]:false,not(description[is]:NULL))"
    static let listExample = "operations[containsAny]:[people.created,company.*]"
    static let quotedExample = #"description[eq]:"a, b""#
}
