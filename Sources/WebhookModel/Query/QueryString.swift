/// The parameters of a query string, decoded as HTML forms encode them: `+` is a space, `%2B` a plus.
///
/// Brackets, colons, commas and everything else that is neither `&`, `=`, `+` nor `%` may stand raw. An empty value
/// counts as absent.
package struct QueryString: Hashable, Sendable {
    private var values: [String: String] = [:]

    /// - Parameters:
    ///   - raw: What stands behind the `?` of a target, without it.
    ///   - known: The parameters that the route reads. Others may be there, even repeated, and are ignored.
    /// - Throws: a refusal for a broken percent sequence, for what is no UTF-8, for a control character (U+0000 to
    ///   U+001F), and for a known parameter that is given twice.
    package init(_ raw: some StringProtocol, known: Set<String>) throws(RequestRefused) {
        var messages: [String] = []
        var seen: Set<String> = []
        for pair in raw.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            do throws(Problem) {
                let name = try Self.decode(parts[0])
                guard known.contains(name) else {
                    if parts.count == 2 { _ = try Self.decode(parts[1]) }
                    continue
                }
                guard seen.insert(name).inserted else {
                    messages.append("\(name) must not be given more than once")
                    continue
                }
                guard parts.count == 2 else { continue }
                do throws(Problem) {
                    let value = try Self.decode(parts[1])
                    if !value.isEmpty { values[name] = value }
                } catch {
                    messages.append("\(name) \(error)")
                }
            } catch {
                messages.append("the query string \(error)")
            }
        }
        guard messages.isEmpty else { throw RequestRefused(messages: messages) }
    }

    /// The value of a parameter; nil when it is absent or empty.
    package subscript(name: String) -> String? { values[name] }

    private enum Problem: Error, CustomStringConvertible {
        case brokenPercent(String)
        case noText
        case control(UInt8)

        var description: String {
            switch self {
            case .brokenPercent(let text):
                "has a broken percent sequence \(RegistrationFields.echo(text)): two hexadecimal digits follow each %"
            case .noText: "is not valid UTF-8"
            case .control(let byte):
                "must not contain control characters (U+00\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true)))"
            }
        }
    }

    private static func decode(_ encoded: some Collection<UInt8>) throws(Problem) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                var value = 0
                for digit in digits { value = value << 4 | Int(ASCII.hexadecimalDigit(digit)) }
                guard digits.count == 2, digits.allSatisfy({ ASCII.hexadecimalDigit($0) < 16 }) else {
                    throw .brokenPercent("%" + String(decoding: digits, as: UTF8.self))
                }
                bytes.append(UInt8(value))
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        if let control = bytes.first(where: { $0 < 0x20 }) { throw .control(control) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .noText }
        return text
    }
}
