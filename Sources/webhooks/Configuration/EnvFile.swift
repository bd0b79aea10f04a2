/// A file of settings: `NAME=value` lines, as `docker run --env-file` takes them. Empty lines and lines that begin with `#`
/// are left out; white space around names and values does not count; nothing is unquoted or expanded.
struct EnvFile: Sendable, Hashable {
    /// The last value of each name.
    let values: [String: String]
    /// What is wrong with the file, one text for each line that is. Never quotes a value.
    let problems: [String]

    init(_ text: String) {
        var values: [String: String] = [:]
        var problems: [String] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            do throws(SettingProblem) {
                let (name, value) = try Self.entry(line)
                guard values.updateValue(value, forKey: name) == nil else {
                    throw SettingProblem("\(name) stands in the file twice")
                }
            } catch {
                problems.append("line \(index + 1): \(error)")
            }
        }
        self.values = values
        self.problems = problems
    }

    private static func entry(_ line: Substring) throws(SettingProblem) -> (name: String, value: String) {
        guard let equals = line.firstIndex(of: "=") else { throw SettingProblem("must read NAME=value") }
        let name = trimmed(line[..<equals])
        guard let first = name.utf8.first, !isDigit(first),
            name.utf8.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") })
        else { throw SettingProblem("must read NAME=value, with nothing before the name") }
        let value = trimmed(line[line.index(after: equals)...])
        if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
            throw SettingProblem("\(name) is quoted, and the quotes would be part of the value: write it without")
        }
        return (String(name), String(value))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
