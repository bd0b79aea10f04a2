/// A request whose content cannot be accepted: every problem that was found, in the client's terms.
package struct RequestRefused: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// 400
        case badRequest
        /// 413
        case payloadTooLarge
    }

    package let kind: Kind
    /// One sentence a problem, each naming its field; never empty, never a secret.
    package let messages: [String]

    package init(_ kind: Kind = .badRequest, messages: [String]) {
        self.kind = kind
        self.messages = messages
    }

    /// A bad request with one problem.
    package init(_ message: String) {
        self.init(.badRequest, messages: [message])
    }
}
