import FoundationEssentials
import Logging
import Testing

@testable import webhooks

/// One event is one line that a machine can read, whatever the values hold.
@Suite struct `Log lines` {
    private func line(
        _ format: LogFormat = .json, message: String = "hello", fields metadata: Logger.Metadata = [:]
    ) -> String {
        String(
            decoding: LineLogHandler.line(
                format, milliseconds: 1_790_000_000_123, level: .warning, message: message, metadata: metadata),
            as: UTF8.self)
    }

    private func fields(_ line: String) throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    }

    @Test func `are JSON with time, level, message and fields`() throws {
        let fields = try fields(line(message: "a \"b\" \\ c", fields: ["webhook": "1", "reason": "größer ☃ 🎉"]))
        #expect(
            fields == [
                "time": "2026-09-21T14:13:20.123Z", "level": "warning", "message": "a \"b\" \\ c", "webhook": "1",
                "reason": "größer ☃ 🎉",
            ])
    }

    @Test func `are one line each, with every control and direction mark escaped`() throws {
        var hostile = "\r\n{\"level\":\"critical\"}"
        let marks = [0x61c, 0x200e, 0x2028, 0x2029, 0x202e, 0x2066, 0xfeff]
        for value in Array(0...0x1f) + Array(0x7f...0x9f) + marks {
            if let scalar = Unicode.Scalar(UInt32(value)) { hostile.unicodeScalars.append(scalar) }
        }
        for format in [LogFormat.json, .text] {
            let text = line(format, message: hostile, fields: ["key\n\u{1b}[2J": "\(hostile)", "b": "x y=z\n"])
            #expect(text.utf8.last == UInt8(ascii: "\n"))
            #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
            for scalar in text.unicodeScalars.dropLast() {
                #expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value))
                #expect(scalar.properties.generalCategory != .format)
            }
        }
        #expect(try fields(line(message: hostile))["message"] == hostile)
    }

    @Test func `are cut behind a length, between characters and never within an escape`() throws {
        for filler in ["a", "\u{1}", "\"", "🎉", "ü"] {
            let text = line(fields: ["long": "\(String(repeating: filler, count: 100_000))"])
            #expect(text.utf8.count < LineLogHandler.maximumValueBytes + 200)
            let value = try #require(try fields(text)["long"])
            #expect(value.hasSuffix("…"))
            #expect(value.dropLast().allSatisfy { String($0) == filler })
        }
    }

    @Test func `keep their own fields when metadata has the same names`() throws {
        let fields = try fields(line(fields: ["level": "info", "message": "forged", "time": "never"]))
        #expect(fields["level"] == "warning")
        #expect(fields["message"] == "hello")
        #expect(fields["level_"] == "info")
    }

    @Test func `as text have each value in quotes when it holds a space or nothing`() {
        #expect(
            line(.text, fields: ["a": "x y", "b": "", "c": "z"])
                == "2026-09-21T14:13:20.123Z WARNING hello a=\"x y\" b=\"\" c=z\n")
    }
}
