import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends requests at fixed times whether or not earlier ones were answered: an open loop, so that a slow answer does not
/// slow the questions down and hide itself. A request that finds no free connection waits for one, and its time counts
/// from when it was to be sent.
final class OpenLoop: Sendable {
    struct Result: Sendable, Codable {
        var sent = 0
        var accepted = 0
        /// Answers other than 2xx, and requests whose connection broke.
        var refused = 0
    }

    /// Belongs to the event loop.
    final class State {
        var idle: [any Channel] = []
        var open = 0
        var waiting: CircularBuffer<ByteBuffer> = []
        var result = Result()
    }

    private let eventLoop: any EventLoop
    private let state: NIOLoopBoundBox<State>
    private let port: Int
    private let host: String
    private let head: HTTPRequestHead
    private let maximumConnections: Int

    init(host: String, port: Int, path: String, headers: HTTPHeaders, maximumConnections: Int = 64) {
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        state = .makeBoxSendingValue(State(), eventLoop: eventLoop)
        self.host = host
        self.port = port
        self.maximumConnections = maximumConnections
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: headers)
        head.headers.replaceOrAdd(name: "host", value: "\(host):\(port)")
        self.head = head
    }

    /// Sends `rate` requests a second for `seconds`; `body` makes each from its number and the time it is to be sent.
    ///
    /// - Returns: when the last request was answered, or `patience` seconds after the last was due.
    func run(
        rate: Int, seconds: Int, patience: Int = 30, body: @escaping @Sendable (Int, UInt64) -> ByteBuffer
    ) async throws -> Result {
        let total = rate * seconds
        let start = monotonicNanoseconds() + 20_000_000
        let interval = 1_000_000_000 / UInt64(max(1, rate))
        try await eventLoop.submit { [state] in state.value.result = Result() }.get()
        let done = eventLoop.makePromise(of: Void.self)
        let next = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: eventLoop)
        let end = start + UInt64(seconds + patience) * 1_000_000_000
        eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(1), delay: .microseconds(500)) { [self] task in
            let now = monotonicNanoseconds()
            while next.value < total, start + UInt64(next.value) * interval <= now {
                send(body(next.value, start + UInt64(next.value) * interval))
                next.value += 1
            }
            let result = state.value.result
            if next.value == total, result.accepted + result.refused == total || now > end {
                task.cancel()
                done.succeed()
            }
        }
        try await done.futureResult.get()
        return try await eventLoop.submit { [state] in state.value.result }.get()
    }

    private func send(_ body: ByteBuffer) {
        state.value.result.sent += 1
        while let channel = state.value.idle.popLast() {
            if channel.isActive { return channel.writeAndFlush(body, promise: nil) }
        }
        state.value.waiting.append(body)
        if state.value.open < maximumConnections { connect() }
    }

    private func connect() {
        state.value.open += 1
        let connected = ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(OpenLoopHandler(head: head, state: state.value))
                }
            }
            .connect(host: host, port: port)
        connected.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel):
                if let body = state.value.waiting.popFirst() {
                    channel.writeAndFlush(body, promise: nil)
                } else {
                    state.value.idle.append(channel)
                }
            case .failure:
                state.value.open -= 1
                if state.value.waiting.popFirst() != nil { state.value.result.refused += 1 }
            }
        }
    }
}

private final class OpenLoopHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let state: OpenLoop.State
    private var isOut = false
    private var isGood = false

    init(head: HTTPRequestHead, state: OpenLoop.State) {
        self.head = head
        self.state = state
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let body = unwrapOutboundIn(data)
        var head = head
        head.headers.replaceOrAdd(name: "content-length", value: "\(body.readableBytes)")
        isOut = true
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): isGood = (200..<300).contains(Int(head.status.code))
        case .body: break
        case .end:
            isOut = false
            if isGood { state.result.accepted += 1 } else { state.result.refused += 1 }
            if let body = state.waiting.popFirst() {
                context.channel.writeAndFlush(body, promise: nil)
            } else {
                state.idle.append(context.channel)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.open -= 1
        if isOut { state.result.refused += 1 }
        isOut = false
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
