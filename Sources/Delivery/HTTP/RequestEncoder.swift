package import NIOCore
package import WebhookModel

/// Writes requests as they go on the wire: head and body in one piece of memory, so that one write sends both.
///
/// It keeps its scratch space between requests; belongs to one event loop.
package final class RequestEncoder {
    private var body: [UInt8] = []
    private var lines: [UInt8] = []

    package init() {}

    /// The whole request of one attempt.
    ///
    /// - Parameters:
    ///   - stored: The delivered body less its `webhookId`.
    ///   - signer: nil for a webhook without a secret: no signature at all.
    ///   - wallClockMilliseconds: The time of this attempt, since 1970.
    package func encode(
        _ endpoint: PreparedEndpoint, stored: ByteBuffer, event: EventID, webhook: WebhookID, signer: WebhookSigner?,
        wallClockMilliseconds: Int64
    ) -> ByteBuffer {
        body.removeAll(keepingCapacity: true)
        stored.withUnsafeReadableBytes { bytes in
            // Behind the brace of an object that begins otherwise (of another version): still the same members.
            let offset = DeliveredBody.spliceOffset(in: bytes) ?? min(1, bytes.count)
            DeliveredBody.append(bytes, spliceOffset: offset, webhookID: webhook, to: &body)
        }
        lines.removeAll(keepingCapacity: true)
        (signer ?? Self.unsigned).appendHeaderLines(id: event, now: wallClockMilliseconds, body: body, to: &lines)
        let head = endpoint.constantHead
        var request = ByteBufferAllocator().buffer(
            capacity: head.readableBytes + lines.count + body.count + 48)
        request.writeImmutableBuffer(head)
        request.writeBytes(lines)
        request.writeStaticString("content-length: ")
        request.writeBytes(decimal(body.count))
        request.writeStaticString("\r\n\r\n")
        request.writeBytes(body)
        return request
    }

    private static let unsigned = WebhookSigner(secret: nil)

    private func decimal(_ number: Int) -> ArraySlice<UInt8> {
        lines.removeAll(keepingCapacity: true)
        Decimal.append(UInt64(number), to: &lines)
        return lines[...]
    }
}
