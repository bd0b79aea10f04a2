package import WebhookModel

/// One delivery as it stands in Redis: `<event>><webhook>#<attempts made>`, with `.<n>` behind when n nodes died with it.
package struct DeliveryToken: Hashable, Sendable {
    package let event: EventID
    package let webhook: WebhookID
    /// Attempts made before; people are shown one more.
    package let attempt: Int
    package let deaths: Int

    package init(event: EventID, webhook: WebhookID, attempt: Int, deaths: Int = 0) {
        self.event = event
        self.webhook = webhook
        self.attempt = attempt
        self.deaths = deaths
    }

    /// nil when the bytes are no such token.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        let length = UUIDValue.textLength
        guard bytes.count >= 2 * length + 3, bytes[length] == UInt8(ascii: ">"),
            bytes[2 * length + 1] == UInt8(ascii: "#"),
            let event = EventID(ascii: UnsafeRawBufferPointer(rebasing: bytes[..<length])),
            let webhook = WebhookID(ascii: UnsafeRawBufferPointer(rebasing: bytes[(length + 1)..<(2 * length + 1)])),
            let numbers = Numbers(UnsafeRawBufferPointer(rebasing: bytes[(2 * length + 2)...]))
        else { return nil }
        self.init(event: event, webhook: webhook, attempt: numbers.first, deaths: numbers.second)
    }

    package func append(to bytes: inout [UInt8]) {
        event.append(to: &bytes)
        bytes.append(UInt8(ascii: ">"))
        webhook.append(to: &bytes)
        bytes.append(UInt8(ascii: "#"))
        appendDecimal(attempt, to: &bytes)
        appendDeaths(deaths, to: &bytes)
    }
}

/// One event before its fan-out as it stands in Redis: `<workspace>/<event>`, with `.<n>` behind when n nodes died with it.
package struct EventToken: Hashable, Sendable {
    package let workspace: WorkspaceName
    package let event: EventID
    package let deaths: Int

    package init(workspace: WorkspaceName, event: EventID, deaths: Int = 0) {
        self.workspace = workspace
        self.event = event
        self.deaths = deaths
    }

    /// nil when the bytes are no such token.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")),
            let workspace = WorkspaceName(String(decoding: bytes[..<slash], as: UTF8.self)),
            bytes.count >= slash + 1 + UUIDValue.textLength
        else { return nil }
        let end = slash + 1 + UUIDValue.textLength
        guard let event = EventID(ascii: UnsafeRawBufferPointer(rebasing: bytes[(slash + 1)..<end])) else { return nil }
        var deaths = 0
        if end < bytes.count {
            guard bytes[end] == UInt8(ascii: "."),
                let number = Numbers(UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...])), number.second == 0
            else { return nil }
            deaths = number.first
        }
        self.init(workspace: workspace, event: event, deaths: deaths)
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: workspace.text.utf8)
        bytes.append(UInt8(ascii: "/"))
        event.append(to: &bytes)
        appendDeaths(deaths, to: &bytes)
    }
}

/// What a lane holds.
package enum LaneToken: Hashable, Sendable {
    case event(EventToken)
    case delivery(DeliveryToken)

    package init?(_ bytes: UnsafeRawBufferPointer) {
        if let token = DeliveryToken(bytes) {
            self = .delivery(token)
        } else if let token = EventToken(bytes) {
            self = .event(token)
        } else {
            return nil
        }
    }

    package func append(to bytes: inout [UInt8]) {
        switch self {
        case .event(let token): token.append(to: &bytes)
        case .delivery(let token): token.append(to: &bytes)
        }
    }
}

/// `<digits>` or `<digits>.<digits>`.
private struct Numbers {
    var first = 0
    var second = 0

    init?(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        guard let number = Self.digits(bytes, &index) else { return nil }
        first = number
        if index < bytes.count {
            guard bytes[index] == UInt8(ascii: ".") else { return nil }
            index += 1
            guard let number = Self.digits(bytes, &index), index == bytes.count else { return nil }
            second = number
        }
    }

    private static func digits(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        let start = index
        var value = 0
        while index < bytes.count, index - start < 9, case let digit = bytes[index] &- UInt8(ascii: "0"), digit <= 9 {
            value = value * 10 + Int(digit)
            index += 1
        }
        return index > start ? value : nil
    }
}

private func appendDeaths(_ deaths: Int, to bytes: inout [UInt8]) {
    guard deaths > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    appendDecimal(deaths, to: &bytes)
}

/// Appends a number that is not negative.
func appendDecimal(_ number: some BinaryInteger, to bytes: inout [UInt8]) {
    var digits = number
    let start = bytes.count
    repeat {
        bytes.append(UInt8(ascii: "0") + UInt8(digits % 10))
        digits /= 10
    } while digits > 0
    bytes[start...].reverse()
}
