package import WebhookModel

/// An attempt as one line of JSON, as it stands in `attempts:`, `failures:`, `trail:` and dead letters.
///
/// The remote address and the response are for operators, never for customers.
package struct AttemptLine: Sendable {
    /// How long the parts of an attempt took, in milliseconds.
    package struct Phases: Sendable, Hashable {
        package var resolve: Int
        package var connect: Int
        package var tls: Int
        package var response: Int

        package init(resolve: Int = 0, connect: Int = 0, tls: Int = 0, response: Int = 0) {
            self.resolve = resolve
            self.connect = connect
            self.tls = tls
            self.response = response
        }
    }

    package let at: Int64
    package let event: EventID
    package let operation: String
    package let attempt: Int
    package let statusCode: Int?
    package let error: AttemptError?
    /// Delay of the next try in milliseconds; nil when there is none.
    package let retryIn: Int64?
    package let duration: Int
    package let phases: Phases
    package let remoteAddress: String?
    package let detail: String?
    package let response: [UInt8]

    /// - Parameters:
    ///   - at: Milliseconds since 1970.
    ///   - attempt: From 1.
    ///   - response: The beginning of the response's body; at most 256 bytes of it are written.
    package init(
        at: Int64, event: EventID, operation: String, attempt: Int, statusCode: Int?, error: AttemptError?,
        retryIn: Int64?, duration: Int, phases: Phases, remoteAddress: String? = nil, detail: String? = nil,
        response: [UInt8] = []
    ) {
        self.at = at
        self.event = event
        self.operation = operation
        self.attempt = attempt
        self.statusCode = statusCode
        self.error = error
        self.retryIn = retryIn
        self.duration = duration
        self.phases = phases
        self.remoteAddress = remoteAddress
        self.detail = detail
        self.response = response
    }

    package static let maximumResponseBytes = 256

    package var bytes: [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(320 + min(response.count, Self.maximumResponseBytes) * 2)
        line.append(contentsOf: #"{"at":"#.utf8)
        appendDecimal(max(0, at), to: &line)
        line.append(contentsOf: #","eventId":""#.utf8)
        event.append(to: &line)
        line.append(contentsOf: #"","event":"#.utf8)
        Self.appendString(operation.utf8, to: &line)
        Self.appendNumber("attempt", attempt, to: &line)
        line.append(contentsOf: #","outcome":"#.utf8)
        line.append(contentsOf: (error == nil ? #""delivered""# : #""failed""#).utf8)
        if let statusCode { Self.appendNumber("statusCode", statusCode, to: &line) }
        if let error { Self.appendText("error", error.rawValue, to: &line) }
        Self.appendNumber("durationMs", duration, to: &line)
        if let retryIn { Self.appendNumber("retryInMs", Int(retryIn), to: &line) }
        Self.appendNumber("resolveMs", phases.resolve, to: &line)
        Self.appendNumber("connectMs", phases.connect, to: &line)
        Self.appendNumber("tlsMs", phases.tls, to: &line)
        Self.appendNumber("responseMs", phases.response, to: &line)
        if let remoteAddress { Self.appendText("remote", remoteAddress, to: &line) }
        if let detail { Self.appendText("detail", detail, to: &line) }
        if !response.isEmpty {
            line.append(contentsOf: #","response":"#.utf8)
            let text = String(decoding: response.prefix(Self.maximumResponseBytes), as: UTF8.self)
            Self.appendString(text.utf8, to: &line)
        }
        line.append(UInt8(ascii: "}"))
        return line
    }

    private static func appendNumber(_ name: StaticString, _ value: Int, to line: inout [UInt8]) {
        appendName(name, to: &line)
        appendDecimal(max(0, value), to: &line)
    }

    private static func appendText(_ name: StaticString, _ value: String, to line: inout [UInt8]) {
        appendName(name, to: &line)
        appendString(value.utf8, to: &line)
    }

    private static func appendName(_ name: StaticString, to line: inout [UInt8]) {
        line.append(contentsOf: #",""#.utf8)
        line.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        line.append(contentsOf: #"":"#.utf8)
    }

    /// A JSON string: quotes, backslashes and controls escaped (RFC 8259, section 7).
    private static func appendString(_ text: some Sequence<UInt8>, to line: inout [UInt8]) {
        let digits = StaticString("0123456789abcdef")
        line.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case 0..<0x20, 0x7f:
                line.append(contentsOf: #"\u00"#.utf8)
                line.append(digits.utf8Start[Int(byte >> 4)])
                line.append(digits.utf8Start[Int(byte & 15)])
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
