/// Text without regard to case, for `ilike`: each character is replaced by one that stands for all its cases.
///
/// It is Unicode's simple case folding: one character becomes one, in no particular language. `Σ`, `σ` and `ς` are the
/// same, `ẞ` and `ß` too; `ß` is not `ss`, and neither the dotless `ı` nor the dotted `İ` is `i`. Made from the simple
/// case mappings that Swift knows (lower case of upper case), so it needs no Foundation and no table of its own.
enum CaseFolding {
    /// The UTF-8 of a folded text.
    static func folded(_ text: String) -> [UInt8] {
        TextOrder.withBytes(of: text) { bytes in
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count)
            guard !bytes.allSatisfy({ $0 < 0x80 }) else {
                for byte in bytes { output.append(ASCII.lowerCased(byte)) }
                return output
            }
            for scalar in text.unicodeScalars {
                if scalar.isASCII {
                    output.append(ASCII.lowerCased(UInt8(scalar.value)))
                } else if let encoded = UTF8.encode(folded(scalar)) {
                    output.append(contentsOf: encoded)
                }
            }
            return output
        }
    }

    static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard scalar.value < limit else { return scalar }
        let page = pages.starts[Int(scalar.value) / pageSize]
        guard page >= 0 else { return scalar }
        return Unicode.Scalar(pages.values[Int(page) + Int(scalar.value) % pageSize]) ?? scalar
    }

    /// No character from here on has cases; a test asks them all.
    static let limit: UInt32 = 0x1EA00
    private static let pageSize = 256

    /// What each character below ``limit`` folds to, by pages; pages on which nothing changes are left out.
    private static let pages: (starts: [Int32], values: [UInt32]) = {
        var starts: [Int32] = []
        var values: [UInt32] = []
        for first in stride(from: UInt32(0), to: limit, by: pageSize) {
            let page = (first..<first + UInt32(pageSize)).map { value in
                Unicode.Scalar(value).map { mapped($0).value } ?? value
            }
            let isChanged = page.indices.contains { page[$0] != first + UInt32($0) }
            starts.append(isChanged ? Int32(values.count) : -1)
            if isChanged { values += page }
        }
        return (starts, values)
    }()

    /// The lower case of the upper case, where each is one character.
    static func mapped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard scalar != "\u{131}" else { return scalar }
        let upper = single(scalar.properties.uppercaseMapping) ?? scalar
        return single(upper.properties.lowercaseMapping) ?? upper
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}
