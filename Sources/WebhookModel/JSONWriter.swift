/// Writes JSON text piece by piece, with the commas in the right places.
///
/// The caller opens and closes objects and arrays in order and writes a key before each member's value.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        begin(UInt8(ascii: "{"))
        members(&self)
        end(UInt8(ascii: "}"))
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        begin(UInt8(ascii: "["))
        elements(&self)
        end(UInt8(ascii: "]"))
    }

    /// A member whose value is an object.
    package mutating func object(_ key: StaticString, _ members: (inout JSONWriter) -> Void) {
        self.key(key)
        object(members)
    }

    /// A member whose value is an array.
    package mutating func array(_ key: StaticString, _ elements: (inout JSONWriter) -> Void) {
        self.key(key)
        array(elements)
    }

    /// The key of the next value; one that needs no escapes.
    package mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        Self.appendString(text, to: &bytes)
        needsComma = true
    }

    package mutating func integer(_ number: Int64) {
        separate()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        Decimal.append(number.magnitude, to: &bytes)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
        needsComma = true
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    package mutating func uuid(_ uuid: UUIDValue) {
        quoted { uuid.append(to: &$0) }
    }

    /// A time in milliseconds since 1970, as text.
    package mutating func time(_ milliseconds: Int64) {
        quoted { Timestamp.append(milliseconds, to: &$0) }
    }

    /// Bytes that are one JSON value already.
    package mutating func raw(_ value: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: value)
        needsComma = true
    }

    // MARK: Members of one line

    package mutating func member(_ key: StaticString, _ text: String?) {
        self.key(key)
        if let text { string(text) } else { null() }
    }

    package mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    package mutating func member(_ key: StaticString, _ number: Int64?) {
        self.key(key)
        if let number { integer(number) } else { null() }
    }

    package mutating func member(_ key: StaticString, _ uuid: UUIDValue?) {
        self.key(key)
        if let uuid { self.uuid(uuid) } else { null() }
    }

    /// A time in milliseconds since 1970, or null.
    package mutating func member(_ key: StaticString, time milliseconds: Int64?) {
        self.key(key)
        if let milliseconds { time(milliseconds) } else { null() }
    }

    // MARK: Pieces

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    /// A string whose inside needs no escapes.
    private mutating func quoted(_ inside: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        inside(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Appends a JSON string: quotes, backslashes and control characters escaped, everything else as it is.
    package static func appendString(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                output.append(contentsOf: "\\u00".utf8)
                Hexadecimal.append(CollectionOfOne(byte), to: &output)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
