import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import WebhookModel

/// Asks for the body of the request that is being worked on: answers `Expect: 100-continue`.
struct BodyWanted: Sendable {}

/// What a request's handler meets instead of a body that never came whole.
struct BodyNeverCame: Error {}

/// Stands between NIO's HTTP parser and Hummingbird: judges each head, gathers each body up to its limit and within its
/// time, words all refusals in the one error envelope, and ends the connection so that the last answer arrives.
///
/// A request goes on as its head at once and its body in one piece when it is there whole, so nothing behind this
/// handler ever sees a part of a body. Requests of one connection are answered in their order.
final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request that was passed on and is not answered.
    private struct Exchange {
        /// Whether all of its body has arrived.
        var isComplete: Bool
        var waitsForContinue: Bool
        let isLast: Bool
        /// What it holds of the node's room for bodies.
        var reserved: Int
    }

    private enum Reading {
        case head
        case body(limit: Int, declared: Int, received: Int, ByteBuffer?)
        /// Nothing more is taken from this connection.
        case nothing
    }

    private let judgement: HeadJudgement
    private let limits: ServerLimits
    private let load: ServerLoad
    /// Told of each refusal: its status, and the target of the request as far as that was read.
    private let refused: @Sendable (Int, String?) -> Void
    private var lastTarget: String?
    private var reading = Reading.head
    private var exchanges = CircularBuffer<Exchange>(initialCapacity: 4)
    /// A refusal whose turn to be answered has not come, and whether it is that of the last exchange.
    private var refusal: (Refusal, ofLastExchange: Bool)?
    private var isLastAnswer = false
    private var isLingering = false
    private var isStopping = false
    private var dropped = 0
    private var bodyDeadline: Scheduled<Void>?

    init(
        judgement: HeadJudgement, limits: ServerLimits, load: ServerLoad,
        refused: @escaping @Sendable (Int, String?) -> Void = { _, _ in }
    ) {
        self.refused = refused
        self.judgement = judgement
        self.limits = limits
        self.load = load
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), reading) {
        case (.head(let head), .head): begin(head, context)
        case (.body(let bytes), .body(let limit, let declared, let received, let gathered)):
            add(bytes, to: gathered, limit: limit, declared: declared, received: received, context)
        case (.end, .body(_, _, _, let gathered)): finish(gathered, context)
        case (.body(let bytes), .nothing): drop(bytes.readableBytes, context)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        lastTarget = head.uri
        let judged: JudgedHead
        do throws(Refusal) {
            judged = try judgement.judge(head)
        } catch {
            return refuse(error, context)
        }
        guard let request = HTTPRequest(head, target: judged.target) else {
            return refuse(Refusal(400, "the request is malformed"), context)
        }
        guard load.beginRequest() else { return refuse(.busy, context) }
        guard load.reserve(judged.declaredLength) else {
            load.endRequests(1)
            return refuse(.busy, context)
        }
        exchanges.append(
            Exchange(
                isComplete: false, waitsForContinue: judged.expectsContinue && judged.hasBody, isLast: judged.isLast,
                reserved: judged.declaredLength))
        reading = .body(limit: judged.bodyLimit, declared: judged.declaredLength, received: 0, nil)
        context.fireChannelRead(wrapInboundOut(.head(request)))
    }

    private func add(
        _ bytes: ByteBuffer, to gathered: ByteBuffer?, limit: Int, declared: Int, received: Int,
        _ context: ChannelHandlerContext
    ) {
        let total = received + bytes.readableBytes
        guard total <= limit else { return refuse(.tooLargeBody, context, ofLastExchange: true) }
        let last = exchanges.index(before: exchanges.endIndex)
        exchanges[last].waitsForContinue = false
        if total > exchanges[last].reserved {
            let more = total - exchanges[last].reserved
            guard load.reserve(more) else { return refuse(.busy, context, ofLastExchange: true) }
            exchanges[last].reserved += more
        }
        reading = .nothing  // so that the buffer is not shared while it grows
        var whole: ByteBuffer
        if let gathered {
            whole = gathered
            whole.reserveCapacity(declared > 0 ? declared : total)
            whole.writeImmutableBuffer(bytes)
        } else {
            whole = bytes
        }
        reading = .body(limit: limit, declared: declared, received: total, whole)
    }

    private func finish(_ gathered: ByteBuffer?, _ context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        bodyDeadline = nil
        let last = exchanges.index(before: exchanges.endIndex)
        exchanges[last].isComplete = true
        lastTarget = nil
        exchanges[last].waitsForContinue = false
        reading = exchanges[last].isLast ? .nothing : .head
        if let gathered { context.fireChannelRead(wrapInboundOut(.body(gathered))) }
        context.fireChannelRead(wrapInboundOut(.end(nil)))
    }

    private func drop(_ count: Int, _ context: ChannelHandlerContext) {
        dropped += count
        if isLingering, dropped > limits.lingerBytes { context.close(promise: nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .body = reading, bodyDeadline == nil {
            // Only for a body that did not come with its head.
            bodyDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.bodyTimeout)) {
                self.refuse(Refusal(400, "the body did not arrive in time"), context, ofLastExchange: true)
            }
        }
        context.fireChannelReadComplete()
        if isLingering { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let isInBody = if case .body = reading { true } else { false }
        if case .nothing = reading { return }
        refuse(
            error == .headerOverflow
                ? Refusal(431, "the request line and the header fields are too large")
                : Refusal(400, "the request is malformed"),
            context, ofLastExchange: isInBody)
    }

    // MARK: Refusals

    /// Takes nothing more from the connection and answers in turn.
    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext, ofLastExchange: Bool = false) {
        reading = .nothing
        bodyDeadline?.cancel()
        bodyDeadline = nil
        guard !isLingering, self.refusal == nil else { return }
        // Its handler may have answered already; then the connection is about to end anyway.
        if ofLastExchange, exchanges.last.map({ $0.isComplete }) ?? true { return }
        self.refusal = (refusal, ofLastExchange)
        answerRefusalInTurn(context)
    }

    private func answerRefusalInTurn(_ context: ChannelHandlerContext) {
        guard let (refusal, ofLastExchange) = refusal, exchanges.count == (ofLastExchange ? 1 : 0) else { return }
        self.refusal = nil
        refused(refusal.status, lastTarget)
        let body = ErrorJSON.body(status: refusal.status, messages: [refusal.message])
        var headers = HTTPHeaders([
            ("content-type", "application/json"), ("content-length", "\(body.count)"), ("connection", "close"),
        ])
        if let seconds = refusal.retryAfter { headers.add(name: "retry-after", value: "\(seconds)") }
        let status = HTTPResponseStatus(statusCode: refusal.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        writeLastEnd(context, promise: nil)
        if ofLastExchange { context.fireErrorCaught(BodyNeverCame()) }
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isLingering, !exchanges.isEmpty else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let response):
            var head = HTTPResponseHead(response)
            // A body that is not read whole leaves no place where the next request could begin.
            isLastAnswer =
                isStopping || exchanges[exchanges.startIndex].isLast || !exchanges[exchanges.startIndex].isComplete
            if isLastAnswer { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes):
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end:
            if isLastAnswer { return writeLastEnd(context, promise: promise) }
            release(exchanges.removeFirst())
            context.write(wrapOutboundOut(.end(nil)), promise: promise)
            answerRefusalInTurn(context)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if let first = exchanges.first, first.waitsForContinue, !isLingering {
            exchanges[exchanges.startIndex].waitsForContinue = false
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
        promise?.succeed()
    }

    /// Ends the last answer, and reads on for a moment: closing with unread bytes would reset the connection, and the
    /// answer with it.
    private func writeLastEnd(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        isLingering = true
        reading = .nothing
        releaseAll()
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
            context.read()
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.lingerTime)) {
            context.close(promise: nil)
        }
    }

    /// Whoever closes while the last answer is on its way waits until it has arrived.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isLingering else { return context.close(mode: mode, promise: promise) }
        if let promise { context.channel.closeFuture.cascade(to: promise) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent, isLingering { context.close(promise: nil) }
        if event is ChannelShouldQuiesceEvent { isStopping = true }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: The end

    func channelInactive(context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        bodyDeadline = nil
        isLingering = true
        releaseAll()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { releaseAll() }

    private func release(_ exchange: Exchange) {
        load.endRequests(1)
        load.release(exchange.reserved)
    }

    private func releaseAll() {
        for exchange in exchanges { release(exchange) }
        exchanges.removeAll()
    }
}

extension HTTPRequest {
    /// The parsed head in the terms that handlers use; nil for a method that is no token.
    ///
    /// NIO's own conversion takes each target apart as a URL of Foundation's, which costs more than the rest of it.
    init?(_ head: HTTPRequestHead, target: String) {
        guard let method = HTTPRequest.Method(head.method.rawValue) else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var authority: String?
        for (name, value) in head.headers {
            if name.isSame(as: "host") {
                authority = value
            } else if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        self.init(method: method, scheme: "http", authority: authority, path: target, headerFields: fields)
    }
}

extension HTTPResponseHead {
    init(_ response: HTTPResponse) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headerFields.count + 1)
        for field in response.headerFields { headers.add(name: field.name.rawName, value: field.value) }
        self.init(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status.code), headers: headers)
    }
}
