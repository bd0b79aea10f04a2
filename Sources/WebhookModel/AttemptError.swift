/// Why an attempt failed: all that a tenant ever learns of it.
package enum AttemptError: String, Hashable, Sendable, CaseIterable {
    /// The answer was no 2xx.
    case status
    /// Connected, but no response head in time.
    case timeout
    /// Refused, unreachable, not connected in time, reset.
    case connection
    /// The name did not resolve.
    case dns
    /// The TLS handshake or the certificate failed.
    case tls
    /// The answer was not HTTP.
    case `protocol`
    /// The address is not allowed; nothing was sent.
    case blocked
}
