import NIOCore
import NIOHTTP1

/// Keeps the raw bytes of a connection.
final class ByteKeeper: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let state: ReceiverState
    private let connection: Int

    init(_ state: ReceiverState, connection: Int) {
        self.state = state
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        state.received(unwrapInboundIn(data), on: connection)
        context.fireChannelRead(data)
    }
}

/// Puts requests together and answers them by the script.
final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let state: ReceiverState
    private let connection: Int
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ state: ReceiverState, connection: Int) {
        self.state = state
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body += part.readableBytesView
        case .end:
            guard let head else { return }
            let request = TestReceiver.Request(
                method: head.method.rawValue, target: head.uri, fields: head.headers.map { ($0.name, $0.value) },
                body: body, arrivedAt: .now, connection: connection, number: state.nextNumber())
            answer(state.arrived(request)(request), context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed(connection)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ answer: TestReceiver.Answer, context: ChannelHandlerContext) {
        switch answer {
        case .hang: ()
        case .close: context.close(promise: nil)
        case .status(let status, let fields, let body, let delay):
            var buffer = context.channel.allocator.buffer(capacity: 128 + body.count)
            buffer.writeString("HTTP/1.1 \(status) Status\r\n")
            for (name, value) in fields { buffer.writeString("\(name): \(value)\r\n") }
            if status != 204 && status != 304 { buffer.writeString("content-length: \(body.count)\r\n") }
            buffer.writeString("\r\n")
            buffer.writeBytes(body)
            send([(delay, buffer)], thenClose: false, context: context)
        case .raw(let pieces, let thenClose):
            send(
                pieces.map { ($0.after, ByteBuffer(bytes: $0.bytes)) }, thenClose: thenClose, context: context)
        }
    }

    private func send(_ pieces: [(Duration, ByteBuffer)], thenClose: Bool, context: ChannelHandlerContext) {
        guard let (delay, bytes) = pieces.first else {
            if thenClose { context.close(promise: nil) }
            return
        }
        let rest = Array(pieces.dropFirst())
        guard delay > .zero else {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            return send(rest, thenClose: thenClose, context: context)
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
            guard context.channel.isActive else { return }
            context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
            self.send(rest, thenClose: thenClose, context: context)
        }
    }
}
