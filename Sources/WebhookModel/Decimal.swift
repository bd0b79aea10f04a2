/// Decimal digits of whole numbers without a `String`.
package enum Decimal {
    /// The digits of the largest `UInt64`.
    static let maximumLength = 20

    /// Writes the digits at the start of `buffer` and returns their number.
    static func write(_ number: UInt64, to buffer: UnsafeMutableRawBufferPointer) -> Int {
        var count = 1
        var rest = number / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        rest = number
        for index in (0..<count).reversed() {
            buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return count
    }

    package static func append(_ number: UInt64, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: maximumLength, alignment: 1) { buffer in
            let count = write(number, to: buffer)
            output.append(contentsOf: buffer[..<count])
        }
    }
}
