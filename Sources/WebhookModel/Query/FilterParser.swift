extension Filter {
    /// The most bytes of a filter, after decoding.
    package static let maximumBytes = 4096
    /// The most groups (`and`, `or`, `not`) inside each other.
    package static let maximumDepth = 8
    /// The most comparisons.
    package static let maximumTerms = 50
    /// The most values in one list.
    package static let maximumListValues = 100

    /// Reads the text of a filter:
    ///
    ///     filter = expr *( "," expr )                      ; and
    ///     expr   = ( "and" / "or" ) "(" expr *( "," expr ) ")" / "not" "(" expr ")"
    ///            / field "[" comparator "]:" value
    ///     value  = "[" item *( "," item ) "]" / quoted / bare
    ///     quoted = in " or ' ; \" \' \\ are escapes inside
    ///     bare   = up to the next comma, or to the ")" that closes a group around it
    package init(_ text: String) throws(FilterProblem) {
        var parser = FilterParser(Array(text.utf8))
        self = try parser.parse()
    }
}

/// Reads a filter byte by byte. Every byte that has a meaning is ASCII, so text of any language passes through whole.
struct FilterParser {
    private let bytes: [UInt8]
    private var index = 0
    private var terms = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func parse() throws(FilterProblem) -> Filter {
        guard bytes.count <= Filter.maximumBytes else {
            throw FilterProblem(bytes, "is longer than \(Filter.maximumBytes) bytes")
        }
        var parts = [try expression(depth: 0)]
        while index < bytes.count {
            guard take(",") else { throw unexpected() }
            parts.append(try expression(depth: 0))
        }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func expression(depth: Int) throws(FilterProblem) -> Filter {
        let start = index
        while index < bytes.count, !Self.endsWord(bytes[index]) { index += 1 }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        if take("(") {
            switch word {
            case "and": return .and(try group(from: start, depth: depth + 1))
            case "or": return .or(try group(from: start, depth: depth + 1))
            case "not":
                let parts = try group(from: start, depth: depth + 1)
                guard parts.count == 1 else {
                    throw FilterProblem(
                        bytes[start..<index], "takes exactly one expression", example: FilterProblem.groupExample)
                }
                return .not(parts[0])
            default:
                throw FilterProblem(
                    bytes[start..<index], "opens no group: there are and(...), or(...) and not(...)",
                    example: FilterProblem.groupExample)
            }
        }
        guard !word.isEmpty || peek == UInt8(ascii: "[") else {
            throw FilterProblem(rest(from: start), "stands where an expression is expected")
        }
        return .comparison(try comparison(word, from: start, depth: depth))
    }

    /// The expressions of a group, behind its opening parenthesis up to and with the closing one.
    private mutating func group(from start: Int, depth: Int) throws(FilterProblem) -> [Filter] {
        guard depth <= Filter.maximumDepth else {
            throw FilterProblem(
                rest(from: start), "is a group in more than \(Filter.maximumDepth - 1) others",
                example: FilterProblem.groupExample)
        }
        guard peek != UInt8(ascii: ")") else {
            throw FilterProblem(
                bytes[start...index], "needs at least one expression", example: FilterProblem.groupExample)
        }
        var parts = [try expression(depth: depth)]
        while !take(")") {
            guard index < bytes.count else {
                throw FilterProblem(
                    rest(from: start), "has no closing parenthesis", example: FilterProblem.groupExample)
            }
            guard take(",") else { throw unexpected() }
            parts.append(try expression(depth: depth))
        }
        return parts
    }

    private mutating func comparison(
        _ name: String, from start: Int, depth: Int
    ) throws(FilterProblem) -> FilterComparison {
        terms += 1
        guard terms <= Filter.maximumTerms else {
            throw FilterProblem(rest(from: start), "is one more than the \(Filter.maximumTerms) comparisons allowed")
        }
        guard let field = FilterField(rawValue: name) else {
            let names = FilterField.allCases.map(\.rawValue).joined(separator: ", ")
            throw FilterProblem(name.utf8, "is no field of a webhook that can be filtered by (\(names))")
        }
        guard take("[") else {
            throw FilterProblem(rest(from: start), "has no comparator in brackets behind the field")
        }
        let nameStart = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") { index += 1 }
        let written = bytes[nameStart..<index]
        guard take("]"), take(":") else {
            throw FilterProblem(rest(from: start), "has no \"]:\" behind the comparator")
        }
        guard let comparator = FilterComparator(String(decoding: written, as: UTF8.self)) else {
            let names = FilterComparator.names.joined(separator: ", ")
            throw FilterProblem(written, "is no comparator (\(names))")
        }
        let values = comparator.takesList ? try list(from: start) : [try single(from: start, depth: depth)]
        return try FilterComparison(field, comparator, values)
    }

    // MARK: Values

    private mutating func list(from start: Int) throws(FilterProblem) -> [[UInt8]] {
        guard take("[") else {
            throw FilterProblem(
                rest(from: start), "needs a list in brackets as its value", example: FilterProblem.listExample)
        }
        var values: [[UInt8]] = []
        repeat {
            guard values.count < Filter.maximumListValues else {
                throw FilterProblem(
                    rest(from: start), "has more than \(Filter.maximumListValues) values",
                    example: FilterProblem.listExample)
            }
            if let value = try quoted() {
                values.append(value)
                continue
            }
            let first = index
            while let byte = peek, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]") { index += 1 }
            guard index > first else {
                throw FilterProblem(
                    rest(from: start), "has an empty value in its list, or no closing bracket",
                    example: FilterProblem.listExample)
            }
            values.append(Array(bytes[first..<index]))
        } while take(",")
        guard take("]") else {
            throw FilterProblem(
                rest(from: start), "has a list that is not closed by a bracket", example: FilterProblem.listExample)
        }
        return values
    }

    private mutating func single(from start: Int, depth: Int) throws(FilterProblem) -> [UInt8] {
        if peek == UInt8(ascii: "[") {
            throw FilterProblem(
                rest(from: start), "takes one value and no list; a value that begins with a bracket is put in quotes",
                example: FilterProblem.quotedExample)
        }
        if let value = try quoted() { return value }
        let first = index
        var opened = 0
        while let byte = peek, byte != UInt8(ascii: ",") {
            if byte == UInt8(ascii: "(") { opened += 1 }
            if byte == UInt8(ascii: ")"), depth > 0 {
                guard opened > 0 else { break }
                opened -= 1
            }
            index += 1
        }
        guard index > first else {
            throw FilterProblem(
                bytes[start..<index], "has no value (an empty text is written \"\")",
                example: FilterProblem.quotedExample)
        }
        return Array(bytes[first..<index])
    }

    /// A value in quotation marks; nil when none begins here.
    private mutating func quoted() throws(FilterProblem) -> [UInt8]? {
        guard let mark = peek, mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'") else { return nil }
        let start = index
        index += 1
        var value: [UInt8] = []
        while let byte = peek, byte != mark {
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                continue
            }
            guard let escaped = peek, Self.isEscapable(escaped) else {
                throw FilterProblem(
                    rest(from: index - 1), "is no escape: a backslash stands before \", ' or \\ only",
                    example: #"description[eq]:"say \"hello\"""#)
            }
            value.append(escaped)
            index += 1
        }
        guard index < bytes.count else {
            throw FilterProblem(
                rest(from: start), "has no closing quotation mark", example: FilterProblem.quotedExample)
        }
        index += 1
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private func rest(from start: Int) -> ArraySlice<UInt8> { bytes[start...] }

    private func unexpected() -> FilterProblem {
        FilterProblem(
            rest(from: index), "stands where a comma or the end is expected", example: FilterProblem.groupExample)
    }

    /// What cannot stand in the name of a field or group.
    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: ","), UInt8(ascii: ")"): true
        default: false
        }
    }

    private static func isEscapable(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\")
    }
}
