/// One value of a scanned text: where its bytes stand, and where those of its key.
struct JSONNode: Sendable {
    enum Kind: UInt8, Sendable {
        case object
        case array
        case string
        case number
        case `true`
        case `false`
        case null
    }

    var kind: Kind
    /// Whether the string value holds a backslash.
    var hasEscape = false
    /// Whether the key holds a backslash.
    var keyHasEscape = false
    /// The value's own bytes, quotes and brackets included.
    var start: UInt32
    var end: UInt32 = 0
    /// The key's bytes between its quotes; both zero for what is no member.
    var keyStart: UInt32 = 0
    var keyEnd: UInt32 = 0
    /// The index of the first node behind this value and all it holds.
    var next: UInt32 = 0
    /// The members and elements of this value and of all it holds.
    var members: UInt32 = 0
    /// The white space between the tokens of this value.
    var whiteSpace: UInt32 = 0
}
