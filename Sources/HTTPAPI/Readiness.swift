/// Whether a node can do its work now.
package enum Readiness: Sendable, Hashable {
    case ready
    /// It can; what an operator should know all the same.
    case readyWith(warnings: [String])
    /// With a reason for operators: no secret, no address of a customer.
    case notReady(String)

    package var isReady: Bool {
        if case .notReady = self { false } else { true }
    }
}
