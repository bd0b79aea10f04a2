/// The signing secret of a webhook, as it was submitted.
///
/// Neither its description nor its mirror shows it, so that no log line, error or dump can.
package struct Secret: Sendable, Hashable {
    /// The secret itself: for signing and for the store, nothing else.
    package let exposedText: String

    package static let maximumBytes = 256
    /// What stands before the base64 of a key in the Standard Webhooks form.
    package static let prefix = "whsec_"

    /// Checks and keeps a secret.
    ///
    /// - Throws: ``Problem`` when it is empty, longer than 256 bytes of UTF-8, or starts with `whsec_` and does not go
    ///   on with the padded standard base64 of 24 to 64 bytes.
    package init(_ text: String) throws(Problem) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong }
        if let encoded = Self.standardKey(in: text) {
            guard let key = Base64.decode(encoded), (24...64).contains(key.count) else { throw .badStandardKey }
        }
        exposedText = text
    }

    /// Takes a secret that was checked when it came in.
    package init(stored text: String) { exposedText = text }

    /// Why a text cannot be a secret; never contains the text.
    package enum Problem: Error, Hashable, CustomStringConvertible {
        case empty
        case tooLong
        case badStandardKey

        package var description: String {
            switch self {
            case .empty: "must not be empty"
            case .tooLong: "must be at most 256 bytes long"
            case .badStandardKey:
                "must be whsec_ followed by the padded standard base64 of 24 to 64 bytes when it starts with whsec_"
            }
        }
    }

    /// The bytes of the HMAC key: what the base64 after `whsec_` says, else the UTF-8 bytes of the text.
    package var keyBytes: [UInt8] {
        Self.standardKey(in: exposedText).flatMap { Base64.decode($0) } ?? Array(exposedText.utf8)
    }

    /// What stands behind ``prefix``; nil when the text does not begin with its bytes. Bytes, because a combining mark
    /// behind the prefix would make another character of its last one.
    private static func standardKey(in text: String) -> Substring.UTF8View? {
        text.utf8.starts(with: prefix.utf8) ? text.utf8.dropFirst(prefix.utf8.count) : nil
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Secret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
