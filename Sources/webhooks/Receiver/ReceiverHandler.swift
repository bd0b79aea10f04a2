import NIOCore
import NIOHTTP1
import WebhookModel

/// Takes the requests of one connection: verifies, prints or counts, answers.
final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// More than any event; what is larger is no delivery.
    private static let maximumBody = 8 << 20

    private let verifiers: [StandardWebhookVerifier]
    private let answer: ReceiverAnswer
    private let counts: ReceiverCounts
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(verifiers: [StandardWebhookVerifier], answer: ReceiverAnswer, counts: ReceiverCounts) {
        self.verifiers = verifiers
        self.answer = answer
        self.counts = counts
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= Self.maximumBody else {
                return context.close(promise: nil)
            }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            take(head)
            self.head = nil
            if answer.delay > .zero {
                let keepAlive = head.isKeepAlive
                context.eventLoop.assumeIsolated().scheduleTask(in: answer.delay) {
                    self.respond(context, keepAlive: keepAlive)
                }
            } else {
                respond(context, keepAlive: head.isKeepAlive)
            }
        }
    }

    private func respond(_ context: ChannelHandlerContext, keepAlive: Bool) {
        guard context.channel.isActive else { return }
        var headers: HTTPHeaders = ["content-length": "0"]
        if !keepAlive { headers.add(name: "connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))),
            promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !keepAlive { context.close(promise: nil) }
    }

    private func take(_ head: HTTPRequestHead) {
        let finding = verify(head)
        counts.count(finding, delivery: "\(head.uri) \(head.headers.first(name: "webhook-id") ?? "")")
        if !answer.isQuiet { printOutput(line(head, finding)) }
    }

    private func verify(_ head: HTTPRequestHead) -> ReceiverCounts.Finding {
        guard !verifiers.isEmpty else { return .unchecked }
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        let values = names.map { head.headers.first(name: $0) }
        if let missing = zip(names, values).first(where: { $0.1 == nil }) { return .refused("no \(missing.0)") }
        let bytes = Array(body.readableBytesView)
        var reason = ""
        for verifier in verifiers {
            do throws(StandardWebhookVerifier.Failure) {
                try verifier.verify(
                    id: values[0] ?? "", timestamp: values[1] ?? "", signature: values[2] ?? "", body: bytes,
                    now: now() / 1000)
                return .verified
            } catch {
                switch error {
                case .malformed: reason = "a malformed header"
                case .outsideTolerance: reason = "the time is more than 5 minutes off"
                case .noMatch: reason = "the signature is wrong"
                }
            }
        }
        return .refused(reason)
    }

    /// One line: what arrived, whether it can be trusted, and the beginning of the body.
    private func line(_ head: HTTPRequestHead, _ finding: ReceiverCounts.Finding) -> String {
        let verdict =
            switch finding {
            case .verified: "verified"
            case .refused(let reason): "NOT VERIFIED (\(reason))"
            case .unchecked: "unchecked (no --secret)"
            }
        let id = head.headers.first(name: "webhook-id") ?? "-"
        let excerpt = printable(String(buffer: body), most: 400)
        return "\(Timestamp.text(now()))  \(verdict)  \(head.method) \(printable(head.uri, most: 100))  "
            + "webhook-id \(printable(id, most: 60))  \(body.readableBytes) bytes  \(excerpt)\n"
    }
}

/// A text for a terminal: cut, with control characters replaced.
private func printable(_ text: String, most: Int) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < most else { return result + "…" }
        result.unicodeScalars.append(scalar.isControl ? "\u{FFFD}" : scalar)
        count += 1
    }
    return result
}
