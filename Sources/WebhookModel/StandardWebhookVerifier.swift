import Crypto
import FoundationEssentials

/// The receiver's side of Standard Webhooks: checks the signature and the time of a delivery.
package struct StandardWebhookVerifier: Sendable {
    private let key: SigningKey
    /// How far the timestamp may lie from now, both ways: 300 s.
    package static let tolerance: Int64 = 300
    /// More entries than this in one header are not looked at.
    private static let maximumSignatures = 16

    package init(_ secret: Secret) {
        key = SigningKey(secret)
    }

    package enum Failure: Error, Hashable, Sendable {
        /// A header is missing or is not what it should be.
        case malformed
        /// The timestamp lies more than the tolerance from now.
        case outsideTolerance
        /// No `v1` signature fits.
        case noMatch
    }

    /// Checks the values of the three headers over the body's exact bytes.
    ///
    /// - Parameter now: seconds since 1970.
    package func verify(
        id: String, timestamp: String, signature: String, body: [UInt8], now: Int64
    ) throws(Failure) {
        guard !id.isEmpty, (1...18).contains(timestamp.utf8.count), timestamp.utf8.allSatisfy(ASCII.isDigit),
            let seconds = Int64(timestamp)
        else { throw .malformed }
        guard abs(seconds - now) <= Self.tolerance else { throw .outsideTolerance }
        let expected = key.authenticate { message in
            message.update(data: Array("\(id).\(timestamp).".utf8))
            message.update(data: body)
        }
        let expectedBytes = Array(expected)
        var matched = false
        for entry in signature.split(separator: " ").prefix(Self.maximumSignatures) where entry.hasPrefix("v1,") {
            guard let code = Base64.decode(entry.utf8.dropFirst(3)), code.count == expectedBytes.count else { continue }
            // Every byte is looked at, whatever the others said.
            matched = zip(code, expectedBytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 || matched
        }
        guard matched else { throw .noMatch }
    }
}
