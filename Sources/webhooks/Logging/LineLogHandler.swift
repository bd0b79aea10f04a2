import Glibc
import Logging
import WebhookModel

/// Writes each event as one line to standard error: no control character of a value breaks a line or forges one.
struct LineLogHandler: LogHandler {
    /// A value is cut behind this many bytes, escapes included.
    static let maximumValueBytes = 2048

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let format: LogFormat
    private let label: String

    init(label: String, level: Logger.Level, format: LogFormat) {
        self.label = label
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let more = event.metadata { all.merge(more) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = Self.line(
            format, milliseconds: now(), level: event.level, message: "\(event.message)", metadata: all)
        line.withUnsafeBytes { bytes in
            // One write a line, so that lines of threads do not mix; there is nobody to tell when it fails.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }

    private static let reserved: Set<String> = ["time", "level", "message"]

    static func line(
        _ format: LogFormat, milliseconds: Int64, level: Logger.Level, message: String, metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        // A field must not stand for one of the line's own.
        let fields = metadata.map { (key: reserved.contains($0.key) ? "\($0.key)_" : $0.key, value: $0.value) }
            .sorted { $0.key < $1.key }
        switch format {
        case .json:
            line.append(contentsOf: #"{"time":""#.utf8)
            Timestamp.append(milliseconds, to: &line)
            line.append(contentsOf: #"","level":""#.utf8)
            line.append(contentsOf: level.rawValue.utf8)
            line.append(contentsOf: #"","message":"#.utf8)
            appendQuoted(message, to: &line)
            for (key, value) in fields {
                line.append(UInt8(ascii: ","))
                appendQuoted(key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendQuoted("\(value)", to: &line)
            }
            line.append(UInt8(ascii: "}"))
        case .text:
            Timestamp.append(milliseconds, to: &line)
            line.append(UInt8(ascii: " "))
            line.append(contentsOf: level.rawValue.uppercased().utf8)
            line.append(UInt8(ascii: " "))
            appendEscaped(message, to: &line)
            for (key, value) in fields {
                line.append(UInt8(ascii: " "))
                appendEscaped(key, to: &line)
                line.append(UInt8(ascii: "="))
                let text = "\(value)"
                if text.isEmpty || text.contains(" ") {
                    appendQuoted(text, to: &line)
                } else {
                    appendEscaped(text, to: &line)
                }
            }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// Escapes as JSON does, so that controls (C1 too), quotes, line separators and marks that turn the direction of text
    /// cannot act.
    private static func appendEscaped(_ text: String, to line: inout [UInt8]) {
        let end = line.count + maximumValueBytes
        for scalar in text.unicodeScalars {
            guard line.count < end else {
                line.append(contentsOf: "…".utf8)
                return
            }
            switch scalar.value {
            case 0x22, 0x5c:
                line.append(UInt8(ascii: "\\"))
                line.append(UInt8(scalar.value))
            case 0x0a: line.append(contentsOf: #"\n"#.utf8)
            case 0..<0x20, 0x7f..<0xa0, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
                line.append(contentsOf: #"\u"#.utf8)
                for shift in [12, 8, 4, 0] as [UInt32] {
                    let digit = UInt8(scalar.value >> shift & 15)
                    line.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            case 0..<0x80: line.append(UInt8(scalar.value))
            default: line.append(contentsOf: String(scalar).utf8)
            }
        }
    }
}

/// Milliseconds since 1970.
func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

extension NodeConfiguration {
    /// Sets up logging for the whole process and gives its logger.
    func startLogging() -> Logger {
        let format = logFormat ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
        let level = logLevel
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: level, format: format) }
        return Logger(label: "webhooks")
    }
}
