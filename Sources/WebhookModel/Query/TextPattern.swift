/// The value of `like`: pieces of text that must be found one behind the other, with anything around and between them.
///
/// Searching is linear in the text, whatever the pieces are: each is found by the method of Knuth, Morris and Pratt, and
/// its first place is always the best, because only what is behind it matters to the rest.
package struct TextPattern: Hashable, Sendable {
    private let pieces: [Piece]

    /// - Parameter text: UTF-8 in which each `%` stands for any run of characters, an empty one too.
    package init(_ text: [UInt8]) {
        pieces = text.split(separator: UInt8(ascii: "%")).map { Piece(Array($0)) }
    }

    package func isFound(in text: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        for piece in pieces {
            guard let end = piece.endOfFirst(in: text, from: start) else { return false }
            start = end
        }
        return true
    }

    private struct Piece: Hashable, Sendable {
        let bytes: [UInt8]
        /// For each length of a matched beginning, less one: the length of the next shorter beginning that it ends with.
        let shorter: [Int]

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            var shorter = Array(repeating: 0, count: bytes.count)
            var matched = 0
            for index in bytes.indices.dropFirst() {
                while matched > 0, bytes[index] != bytes[matched] { matched = shorter[matched - 1] }
                if bytes[index] == bytes[matched] { matched += 1 }
                shorter[index] = matched
            }
            self.shorter = shorter
        }

        /// The index behind the first occurrence that begins at `start` or later.
        func endOfFirst(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
            var matched = 0
            for index in start..<max(text.count, start) {
                while matched > 0, text[index] != bytes[matched] { matched = shorter[matched - 1] }
                if text[index] == bytes[matched] { matched += 1 }
                if matched == bytes.count { return index + 1 }
            }
            return nil
        }
    }
}
