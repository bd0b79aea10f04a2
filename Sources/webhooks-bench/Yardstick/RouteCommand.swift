import ArgumentParser
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// A plain Hummingbird route that reads a body and answers 202: what an API node is measured against. With `--forward` it
/// POSTs each body on after its answer, as plain as can be: what the way from accept to receipt is measured against.
struct RouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "A plain route that answers 202.", shouldDisplay: false)

    @Option(help: "The port on 127.0.0.1.")
    var port: Int
    @Option(help: "The port of 127.0.0.1 that bodies are POSTed on to.")
    var forward: Int?

    func run() async throws {
        let forwarder = forward.map { Forwarder(port: $0) }
        let router = Router()
        router.post("/rest/events") { request, _ in
            let body = try await request.body.collect(upTo: 4 << 20)
            forwarder?.post(body)
            return Response(
                status: .accepted, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: #"{"data":{"createEvent":{"duplicate":false}}}"#)))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: Logger(label: "route", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await application.runService()
    }
}

/// POSTs bodies over keep-alive connections, as many as there are at once.
private final class Forwarder: Sendable {
    private let state: NIOLoopBoundBox<State>
    private let eventLoop: any EventLoop
    private let port: Int

    final class State {
        var idle: [any Channel] = []
    }

    init(port: Int) {
        self.port = port
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        state = .makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    func post(_ body: ByteBuffer) {
        eventLoop.execute { [self] in
            if let channel = state.value.idle.popLast(), channel.isActive {
                return channel.writeAndFlush(body, promise: nil)
            }
            connect().whenSuccess { $0.writeAndFlush(body, promise: nil) }
        }
    }

    private func connect() -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ForwardHandler(port: port, idle: state.value))
                }
            }
            .connect(host: "127.0.0.1", port: port)
    }

    private final class ForwardHandler: ChannelDuplexHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = HTTPClientRequestPart

        private let port: Int
        private let idle: State

        init(port: Int, idle: State) {
            self.port = port
            self.idle = idle
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            let body = unwrapOutboundIn(data)
            let head = HTTPRequestHead(
                version: .http1_1, method: .POST, uri: "/hook",
                headers: ["host": "127.0.0.1:\(port)", "content-length": "\(body.readableBytes)"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: promise)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .end = unwrapInboundIn(data) { idle.idle.append(context.channel) }
        }
    }
}
