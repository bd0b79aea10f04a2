import Crypto
import FoundationEssentials
import WebhookModel

/// Keeps webhook secrets from whoever reads Redis, its files or its backups: encrypts what is written with the first key,
/// decrypts with all.
///
/// A stored secret is `enc:v1:<key id>:<base64 of nonce, ciphertext and tag>`, AES-256-GCM with the workspace and the
/// webhook's id as associated data, so that it is of no use at another webhook. The name of the field is no part of it: a
/// rotation moves the stored text from `secret` to `previousSecret` as it is. Without keys secrets stand there as they are,
/// behind `plain:` where they would look like something else.
package struct SecretBox: Sendable {
    private struct Key: Sendable {
        let id: String
        let key: SymmetricKey
    }

    private let keys: [Key]

    /// A box without keys: what it writes is plain.
    package static let plain = SecretBox(keys: [])

    private init(keys: [Key]) { self.keys = keys }

    /// Reads `<id>:<base64 of 32 bytes>`, several separated by commas.
    ///
    /// - Throws: ``Problem``, which never quotes a key.
    package init(_ text: String) throws(Problem) {
        var keys: [Key] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let number = keys.count + 1
            let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2 else { throw Problem("key \(number) must be <id>:<base64 of 32 bytes>") }
            let id = String(halves[0])
            guard (1...32).contains(id.utf8.count), id.utf8.allSatisfy(Self.isIDByte) else {
                throw Problem("the id of key \(number) must be 1 to 32 characters of A-Z, a-z, 0-9, - and _")
            }
            guard let bytes = Base64.decode(halves[1].utf8), bytes.count == 32 else {
                throw Problem("key \(id) must be the padded standard base64 of 32 bytes")
            }
            guard !keys.contains(where: { $0.id == id }) else { throw Problem("the id \(id) is there twice") }
            keys.append(Key(id: id, key: SymmetricKey(data: bytes)))
        }
        self.keys = keys
    }

    /// Why a text is no list of keys.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// Whether what it writes is encrypted.
    package var encrypts: Bool { !keys.isEmpty }

    private static let encryptedMark = "enc:"
    private static let versionMark = "enc:v1:"
    private static let plainMark = "plain:"

    /// What is stored of a secret.
    func seal(_ secret: Secret, _ workspace: WorkspaceName, _ webhook: WebhookID) -> String {
        guard let first = keys.first else {
            let text = secret.exposedText
            return text.hasPrefix(Self.encryptedMark) || text.hasPrefix(Self.plainMark) ? Self.plainMark + text : text
        }
        let sealed = Self.encrypt(secret, with: first.key, Self.associatedData(workspace, webhook))
        var text = Array("\(Self.versionMark)\(first.id):".utf8)
        sealed.withUnsafeBytes { Base64.append($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    /// What a stored secret says.
    enum Opened: Sendable {
        case secret(Secret)
        /// Encrypted with a key that is not here, for another webhook, or damaged.
        case unreadable
    }

    func open(_ stored: String, _ workspace: WorkspaceName, _ webhook: WebhookID) -> Opened {
        if stored.hasPrefix(Self.plainMark) {
            return .secret(Secret(stored: String(stored.dropFirst(Self.plainMark.count))))
        }
        guard stored.hasPrefix(Self.encryptedMark) else { return .secret(Secret(stored: stored)) }
        guard stored.hasPrefix(Self.versionMark) else { return .unreadable }
        let parts = stored.dropFirst(Self.versionMark.count).split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let key = keys.first(where: { $0.id == parts[0] }),
            let bytes = Base64.decode(parts[1].utf8),
            let box = try? AES.GCM.SealedBox(combined: bytes),  // nil: too short to be one
            let text = try? AES.GCM.open(box, using: key.key, authenticating: Self.associatedData(workspace, webhook))
        else { return .unreadable }
        return .secret(Secret(stored: String(decoding: text, as: UTF8.self)))
    }

    /// Whether a stored secret stands as ``seal(_:_:_:)`` would write it today.
    func isCurrent(_ stored: String) -> Bool {
        guard let first = keys.first else { return !stored.hasPrefix(Self.encryptedMark) }
        return stored.hasPrefix("\(Self.versionMark)\(first.id):")
    }

    private static func encrypt(_ secret: Secret, with key: SymmetricKey, _ associatedData: [UInt8]) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(Array(secret.exposedText.utf8), using: key, authenticating: associatedData)
            // The nonce has its usual twelve bytes, so there is a combined form.
            guard let combined = box.combined else { preconditionFailure("a nonce of another length") }
            return Array(combined)
        } catch {
            // AES-GCM fails for keys of a wrong length, which were refused above, and for messages of gigabytes.
            preconditionFailure("AES-GCM refused a key of 32 bytes")
        }
    }

    private static func associatedData(_ workspace: WorkspaceName, _ webhook: WebhookID) -> [UInt8] {
        // Neither part can hold a NUL.
        Array("webhook-secret\0\(workspace.text)\0\(webhook)".utf8)
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension SecretBox: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The ids of its keys alone.
    package var description: String { "SecretBox(\(keys.map(\.id).joined(separator: ",")))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
