import ArgumentParser
import WebhookModel

/// How arguments of the command line are read: what is wrong is said beside the argument's name.
enum ArgumentText {
    static func workspace(_ text: String) throws -> WorkspaceName {
        guard let name = WorkspaceName(text) else {
            throw ValidationError("must be 1 to 63 characters of a-z, 0-9, - and _, the first a letter or digit")
        }
        return name
    }

    static func webhook(_ text: String) throws -> WebhookID {
        guard let id = WebhookID(text) else { throw ValidationError("must be a UUID") }
        return id
    }

    static func event(_ text: String) throws -> EventID {
        guard let id = EventID(text) else { throw ValidationError("must be a UUID") }
        return id
    }

    /// The id of an API key.
    static func keyID(_ text: String) throws -> String {
        guard APIKeyToken.isLookup(text) else { throw ValidationError("must be 12 characters of a-z and 0-9") }
        return text
    }

    static func keyName(_ text: String) throws -> String {
        guard (1...100).contains(text.unicodeScalars.count), !text.unicodeScalars.contains(where: \.isControl) else {
            throw ValidationError("must have 1 to 100 characters and no control characters")
        }
        return text
    }

    static func scopes(_ text: String) throws -> Scope { try Scope.parse(text) }

    /// A life of an API key.
    static func life(_ text: String) throws -> Duration {
        try SettingText.duration(text, .seconds(1) ... .seconds(3650 * 86_400))
    }

    /// How long an answer is held back.
    static func delay(_ text: String) throws -> Duration {
        try SettingText.duration(text, .zero ... .seconds(3600))
    }

    static func address(_ text: String) throws -> ListenAddress { try SettingText.address(text) }

    static func port(_ text: String) throws -> Int { try SettingText.integer(text, 1...65535) }
}

extension Unicode.Scalar {
    /// C0, DEL and C1.
    var isControl: Bool { value < 0x20 || (0x7f..<0xa0).contains(value) }
}
