/// Whether a node can do its work now.
package enum Readiness: Sendable, Hashable {
    case ready
    /// With a reason for operators: no secret, no address of a customer.
    case notReady(String)

    package var isReady: Bool { self == .ready }
}
