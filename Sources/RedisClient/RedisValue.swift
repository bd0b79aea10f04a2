package import NIOCore

/// One reply of Redis, decoded from RESP2 by hiredis.
///
/// The strings of one reply share one buffer, so a kept slice keeps the whole reply alive.
package enum RedisValue: Sendable {
    case null
    case integer(Int64)
    /// A simple string such as `OK`.
    case status(String)
    case bulk(ByteBuffer)
    case array([RedisValue])
    /// An error inside an array; one that is a whole reply is thrown as ``RedisError/server(_:)``.
    case error(RedisServerError)
}

/// An error reply, such as `FENCED lane` or `OOM command not allowed when used memory > 'maxmemory'.`
package struct RedisServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first word, in capitals by convention: `FENCED`, `OOM`, `READONLY`.
    package let code: String
    /// What follows the first word.
    package let message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    init(reply text: String) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        code = String(parts.first ?? "")
        message = parts.count > 1 ? String(parts[1]) : ""
    }

    package var description: String { message.isEmpty ? code : "\(code) \(message)" }
}

extension RedisValue {
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The bytes of a bulk string.
    ///
    /// - Throws: ``RedisError/unexpectedReply(_:)`` for anything else.
    package func bytes() throws(RedisError) -> ByteBuffer {
        if case .bulk(let buffer) = self { return buffer }
        throw unexpected("a string")
    }

    /// A bulk or simple string as text; invalid UTF-8 becomes U+FFFD.
    package func text() throws(RedisError) -> String {
        switch self {
        case .bulk(let buffer): return String(buffer: buffer)
        case .status(let text): return text
        default: throw unexpected("a string")
        }
    }

    /// Like ``text()``, nil for a null.
    package func optionalText() throws(RedisError) -> String? { isNull ? nil : try text() }

    /// An integer, or a string that is one.
    package func integer() throws(RedisError) -> Int64 {
        switch self {
        case .integer(let number): return number
        case .bulk(let buffer):
            guard let number = decimal(buffer) else { throw unexpected("an integer") }
            return number
        default: throw unexpected("an integer")
        }
    }

    package func array() throws(RedisError) -> [RedisValue] {
        if case .array(let values) = self { return values }
        throw unexpected("an array")
    }

    /// The elements of an array that has at least `count` of them.
    package func array(atLeast count: Int) throws(RedisError) -> [RedisValue] {
        let values = try array()
        guard values.count >= count else {
            throw RedisError.unexpectedReply("an array of \(values.count) where \(count) were expected")
        }
        return values
    }

    /// The fields of a hash as `HGETALL` gives them: names and values in turn.
    package func fields() throws(RedisError) -> [String: String] {
        let values = try array()
        var result: [String: String] = [:]
        var index = 0
        while index + 1 < values.count {
            result[try values[index].text()] = try values[index + 1].text()
            index += 2
        }
        return result
    }

    private func unexpected(_ wanted: String) -> RedisError {
        .unexpectedReply("\(kind) where \(wanted) was expected")
    }

    private var kind: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .status: "a status"
        case .bulk: "a string"
        case .array: "an array"
        case .error(let error): "the error \(error.code)"
        }
    }
}

/// A decimal number with an optional minus, as Redis writes integers; nil for anything else.
private func decimal(_ buffer: ByteBuffer) -> Int64? {
    buffer.withUnsafeReadableBytes { bytes in
        guard !bytes.isEmpty, bytes.count <= 20 else { return nil }
        let negative = bytes[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        var index = negative ? 1 : 0
        guard index < bytes.count else { return nil }
        while index < bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = shifted.subtractingReportingOverflow(Int64(digit))
            guard !tooLarge, !overflow else { return nil }
            value = sum  // kept negative, so that the smallest Int64 fits
            index += 1
        }
        guard negative || value != .min else { return nil }
        return negative ? value : -value
    }
}
