/// The name of a workspace (tenant): `[a-z0-9][a-z0-9_-]{0,62}`. A UUID fits.
///
/// It stands in Redis keys and is the `workspaceId` of deliveries, so nothing else gets through.
package struct WorkspaceName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package static let maximumLength = 63

    /// nil when `text` is not a workspace name.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= Self.maximumLength,
            ASCII.isLowerCaseLetter(first) || ASCII.isDigit(first),
            bytes.allSatisfy({
                ASCII.isLowerCaseLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}
