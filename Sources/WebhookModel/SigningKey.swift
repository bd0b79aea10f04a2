package import Crypto

/// The HMAC-SHA256 key of a secret with its two padded blocks already hashed, so that each signature costs the message
/// alone.
///
/// Neither its description nor its mirror shows anything of the key.
package struct SigningKey: Sendable {
    private let prepared: HMAC<SHA256>

    /// The key of Standard Webhooks: the bytes behind `whsec_`, else the text's UTF-8.
    package init(_ secret: Secret) {
        self.init(bytes: secret.keyBytes)
    }

    /// A key of these very bytes.
    package init(bytes: [UInt8]) {
        prepared = HMAC<SHA256>(key: SymmetricKey(data: bytes))
    }

    /// The message authentication code of the bytes that `feed` hands over.
    package func authenticate(
        _ feed: (inout HMAC<SHA256>) -> Void
    ) -> HashedAuthenticationCode<SHA256> {
        var code = prepared
        feed(&code)
        return code.finalize()
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "SigningKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
