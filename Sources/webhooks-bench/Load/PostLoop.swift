import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends the same POST again and again over keep-alive connections, each its next request when the last was answered:
/// a closed loop, on one event loop. It is the load on an API node, and towards a sink the plain NIO loop that a delivery
/// node is measured against.
struct PostLoop: Sendable {
    /// What came of a run.
    struct Result: Sendable, Codable {
        var answered = 0
        /// Answers other than 2xx.
        var refused = 0
        /// From the first request to the last answer.
        var seconds = 0.0
        /// User and system time of this process in that time.
        var cpuSeconds = 0.0
    }

    let host: String
    let port: Int
    let path: String
    let headers: HTTPHeaders
    let body: ByteBuffer
    /// Trusted authority of an https target, as PEM file; nil for http.
    var authorityFile: String?

    struct ConnectionLost: Error {}

    /// - Parameters:
    ///   - connections: How many requests are out at a time.
    ///   - count: Requests in all.
    func run(connections: Int, count: Int) async throws -> Result {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let tls = try authorityFile.map { file in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .file(file)
            return try NIOSSLContext(configuration: configuration)
        }
        let finished = eventLoop.makePromise(of: (answered: Int, refused: Int).self)
        let box = NIOLoopBoundBox.makeBoxSendingValue(
            Shared(left: count, finished: finished), eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(PostLoopHandler(head: requestHead, body: body, shared: box.value))
                }
            }
        var channels: [any Channel] = []
        for _ in 0..<connections { channels.append(try await bootstrap.connect(host: host, port: port).get()) }
        let cpu = ownCPUSeconds()
        let start = ContinuousClock.now
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(PostLoopHandler.Begin()) }
        let counts = try await finished.futureResult.get()
        let result = Result(
            answered: counts.answered, refused: counts.refused, seconds: (ContinuousClock.now - start) / .seconds(1),
            cpuSeconds: ownCPUSeconds() - cpu)
        for channel in channels { try? await channel.close() }  // one that the server closed is closed
        return result
    }

    private var requestHead: HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: headers)
        head.headers.add(name: "host", value: "\(host):\(port)")
        head.headers.add(name: "content-length", value: "\(body.readableBytes)")
        return head
    }

    /// What the connections of a run share.
    final class Shared {
        var left: Int
        var open = 0
        var answered = 0
        var refused = 0
        let finished: EventLoopPromise<(answered: Int, refused: Int)>

        init(left: Int, finished: EventLoopPromise<(answered: Int, refused: Int)>) {
            self.left = left
            self.finished = finished
        }
    }
}

private final class PostLoopHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Begin: Sendable {}

    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private let shared: PostLoop.Shared
    private var isOut = false

    init(head: HTTPRequestHead, body: ByteBuffer, shared: PostLoop.Shared) {
        self.head = head
        self.body = body
        self.shared = shared
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Begin { send(context) } else { context.fireUserInboundEventTriggered(event) }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard shared.left > 0 else { return }
        shared.left -= 1
        shared.open += 1
        isOut = true
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if !(200..<300).contains(Int(head.status.code)) { shared.refused += 1 }
        case .body: break
        case .end:
            isOut = false
            shared.open -= 1
            shared.answered += 1
            if shared.left == 0, shared.open == 0 {
                shared.finished.succeed((shared.answered, shared.refused))
            } else {
                send(context)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isOut { shared.finished.fail(PostLoop.ConnectionLost()) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        shared.finished.fail(error)
        context.close(promise: nil)
    }
}
