package import Crypto
import FoundationEssentials

/// Which signature headers deliveries carry.
package struct SignatureSchemes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The trio of Standard Webhooks; its id and time are sent even when it is not chosen or there is no secret.
    package static let standard = SignatureSchemes(rawValue: 1)
    /// The three `X-Twenty-Webhook-` fields beside it.
    package static let twenty = SignatureSchemes(rawValue: 2)

    /// Reads `standard`, or `standard,twenty`; nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "standard": self = .standard
        case "standard,twenty", "twenty,standard": self = [.standard, .twenty]
        default: return nil
        }
    }
}

/// Writes the header lines that tell one attempt of one webhook's deliveries: id, time and signatures.
///
/// Everything that does not change from attempt to attempt is worked out when it is made. It makes no `String`.
package struct WebhookSigner: Sendable {
    private let key: SigningKey?
    private let previous: (key: SigningKey, validUntil: Int64)?
    /// The key of the second scheme: the secret's UTF-8 bytes, `whsec_` included.
    private let twentyKey: SigningKey?

    /// - Parameters:
    ///   - secret: nil sends no signature at all.
    ///   - previous: signs too, behind the new one, until its time has come.
    package init(secret: Secret?, previous: Webhook.PreviousSecret? = nil, schemes: SignatureSchemes = .standard) {
        key = secret.map(SigningKey.init)
        self.previous = previous.map { (SigningKey($0.secret), $0.validUntil) }
        twentyKey = schemes.contains(.twenty) ? secret.map { SigningKey(bytes: Array($0.exposedText.utf8)) } : nil
    }

    package init(_ webhook: Webhook, schemes: SignatureSchemes) {
        self.init(secret: webhook.secret, previous: webhook.previousSecret, schemes: schemes)
    }

    /// Appends the header lines of an attempt, each ended by CR LF.
    ///
    /// - Parameters:
    ///   - id: the event's id, the same at every attempt.
    ///   - now: the time of this attempt, milliseconds since 1970, not negative.
    ///   - body: the exact bytes that are sent.
    package func appendHeaderLines(id: EventID, now: Int64, body: [UInt8], to output: inout [UInt8]) {
        body.withUnsafeBytes { appendHeaderLines(id: id, now: now, body: $0, to: &output) }
    }

    package func appendHeaderLines(
        id: EventID, now: Int64, body: UnsafeRawBufferPointer, to output: inout [UInt8]
    ) {
        appendHeaderLines(id: id, now: now, to: &output) { $0.update(data: body) }
    }

    /// The same for a body in several pieces: `feedBody` hands them over in order, once for each signature.
    package func appendHeaderLines(
        id: EventID, now: Int64, to output: inout [UInt8], feedBody: (inout HMAC<SHA256>) -> Void
    ) {
        output.reserveCapacity(output.count + 256)
        Self.append("webhook-id: ", to: &output)
        // What is signed, "<id>.<timestamp>.", is collected beside the output.
        withUnsafeTemporaryAllocation(byteCount: Self.signedPrefixCapacity, alignment: 8) { buffer in
            id.uuid.write(to: buffer)
            output.append(contentsOf: buffer[..<UUIDValue.textLength])
            Self.append("\r\nwebhook-timestamp: ", to: &output)
            buffer[UUIDValue.textLength] = UInt8(ascii: ".")
            let timestampStart = UUIDValue.textLength + 1
            let timestampEnd =
                timestampStart
                + Decimal.write(
                    UInt64(max(now, 0) / 1000), to: UnsafeMutableRawBufferPointer(rebasing: buffer[timestampStart...]))
            buffer[timestampEnd] = UInt8(ascii: ".")
            output.append(contentsOf: buffer[timestampStart..<timestampEnd])
            Self.append("\r\n", to: &output)
            guard let key else { return }
            let prefix = UnsafeRawBufferPointer(rebasing: buffer[...timestampEnd])
            Self.append("webhook-signature: ", to: &output)
            Self.appendSignature(key, prefix, feedBody, to: &output)
            if let previous, now < previous.validUntil {
                output.append(UInt8(ascii: " "))
                Self.appendSignature(previous.key, prefix, feedBody, to: &output)
            }
            Self.append("\r\n", to: &output)
        }
        if let twentyKey { Self.appendTwenty(twentyKey, now: now, to: &output, feedBody: feedBody) }
    }

    /// An id, two points and the longest number of seconds.
    private static let signedPrefixCapacity = UUIDValue.textLength + 2 + Decimal.maximumLength

    private static func appendSignature(
        _ key: SigningKey, _ prefix: UnsafeRawBufferPointer, _ feedBody: (inout HMAC<SHA256>) -> Void,
        to output: inout [UInt8]
    ) {
        let code = key.authenticate { message in
            message.update(data: prefix)
            feedBody(&message)
        }
        append("v1,", to: &output)
        code.withUnsafeBytes { Base64.append($0, to: &output) }
    }

    /// The second scheme: its own time in milliseconds, hexadecimal, and a nonce that is not signed.
    private static func appendTwenty(
        _ key: SigningKey, now: Int64, to output: inout [UInt8], feedBody: (inout HMAC<SHA256>) -> Void
    ) {
        append("X-Twenty-Webhook-Timestamp: ", to: &output)
        let timestampStart = output.count
        Decimal.append(UInt64(max(now, 0)), to: &output)
        let timestampEnd = output.count
        output.append(UInt8(ascii: ":"))
        let code = key.authenticate { message in
            output.withUnsafeBytes {
                message.update(data: UnsafeRawBufferPointer(rebasing: $0[timestampStart...timestampEnd]))
            }
            feedBody(&message)
        }
        output.removeLast()
        append("\r\nX-Twenty-Webhook-Signature: ", to: &output)
        code.withUnsafeBytes { Hexadecimal.append($0, to: &output) }
        append("\r\nX-Twenty-Webhook-Nonce: ", to: &output)
        UUIDValue.random().append(to: &output)
        append("\r\n", to: &output)
    }

    private static func append(_ text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension WebhookSigner: CustomStringConvertible, CustomReflectable {
    package var description: String { "WebhookSigner(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
