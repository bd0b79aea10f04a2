package import NIOCore

/// The words of a command, in one buffer: a command with hundreds of arguments allocates twice.
package struct RedisArguments: Sendable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var lengths: [Int] = []

    package init() {}

    /// - Parameters:
    ///   - capacity: How many bytes all arguments are expected to have.
    ///   - count: How many arguments are expected.
    package init(capacity: Int, count: Int) {
        bytes.reserveCapacity(capacity)
        lengths.reserveCapacity(count)
    }

    package var count: Int { lengths.count }

    package mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        lengths.append(text.utf8.count)
    }

    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
        lengths.append(value.count)
    }

    package mutating func append(_ value: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: value)
        lengths.append(value.count)
    }

    package mutating func append(_ value: ByteBuffer) {
        value.withUnsafeReadableBytes { append($0) }
    }

    package mutating func append(_ number: some BinaryInteger) {
        append { bytes in
            var digits = number.magnitude
            let start = bytes.count
            repeat {
                bytes.append(UInt8(ascii: "0") + UInt8(digits % 10))
                digits /= 10
            } while digits > 0
            if number < 0 { bytes.append(UInt8(ascii: "-")) }
            bytes[start...].reverse()
        }
    }

    /// Appends one argument whose bytes the closure adds to the end of the array it is given.
    package mutating func append(writing body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        body(&bytes)
        lengths.append(bytes.count - start)
    }

    package mutating func append(contentsOf other: RedisArguments) {
        bytes.append(contentsOf: other.bytes)
        lengths.append(contentsOf: other.lengths)
    }
}

/// A command with its arguments, as byte strings.
package struct RedisCommand: Sendable {
    package var arguments: RedisArguments

    package init(_ name: StaticString) {
        arguments = RedisArguments()
        arguments.append(name)
    }

    package init(_ name: StaticString, _ words: String...) {
        self.init(name)
        for word in words { arguments.append(word) }
    }

    package init(arguments: RedisArguments) {
        self.arguments = arguments
    }
}
