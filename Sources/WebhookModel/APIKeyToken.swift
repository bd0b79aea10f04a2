package import Crypto

/// An API key as its holder has it: `whk_<lookup>_<secret>`.
///
/// The lookup part (12 characters: the shard `0` and 11 random `[a-z0-9]`) finds the stored key and is not secret; the
/// rest is the unpadded URL-safe base64 of 32 random bytes. Only the SHA-256 of the whole text is ever stored. Neither
/// description nor mirror shows the token.
package struct APIKeyToken: Sendable {
    /// The whole token, for its holder: shown once, stored nowhere.
    package let exposedText: String

    package static let length = 60
    static let lookupLength = 12
    private static let lookupStart = 4
    private static let secretStart = 17

    /// Takes a presented token; nil unless it has the form of one, so nothing else ever reaches a key or a hash.
    package init?(_ text: String) {
        var text = text
        guard text.withUTF8({ Self.isToken($0) }) else { return nil }
        exposedText = text
    }

    private init(trusted text: String) { exposedText = text }

    /// A new token with 256 bits of entropy from the system.
    package static func generate() -> APIKeyToken {
        var generator = SystemRandomNumberGenerator()
        return generate(using: &generator)
    }

    static func generate(using generator: inout some RandomNumberGenerator) -> APIKeyToken {
        var bytes = Array("whk_0".utf8)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        for _ in 1..<lookupLength {
            bytes.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        bytes.append(UInt8(ascii: "_"))
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        secret.withUnsafeBytes { Base64.appendURLSafe($0, to: &bytes) }
        return APIKeyToken(trusted: String(decoding: bytes, as: UTF8.self))
    }

    /// The part that finds the stored key: the key's id.
    package var lookup: String {
        String(exposedText.dropFirst(Self.lookupStart).prefix(Self.lookupLength))
    }

    /// SHA-256 of the token's whole ASCII text.
    package var digest: SHA256.Digest {
        var text = exposedText
        return text.withUTF8 { SHA256.hash(data: $0) }
    }

    /// ``digest`` in lower-case hexadecimal: what is stored.
    package var digestText: String { Hexadecimal.text(digest) }

    /// Whether `text` is a lookup part: `[a-z0-9]{12}`.
    package static func isLookup(_ text: some StringProtocol) -> Bool {
        text.utf8.count == lookupLength && text.utf8.allSatisfy { ASCII.isLowerCaseLetter($0) || ASCII.isDigit($0) }
    }

    private static func isToken(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count == length, bytes.starts(with: "whk_".utf8), bytes[secretStart - 1] == UInt8(ascii: "_") else {
            return false
        }
        return bytes[lookupStart..<secretStart - 1].allSatisfy { ASCII.isLowerCaseLetter($0) || ASCII.isDigit($0) }
            && bytes[secretStart...].allSatisfy {
                ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }
}

extension APIKeyToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The lookup part alone.
    package var description: String { "APIKeyToken(\(lookup), redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["lookup": lookup]) }
}
