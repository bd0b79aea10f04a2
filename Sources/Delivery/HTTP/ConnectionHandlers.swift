import NIOCore
import NIOHTTP1
import NIOTLS

/// Stands before everything else in a new channel and lets it become active only when the socket's own idea of its peer is
/// the address that was judged. Not a byte leaves before that.
final class PeerGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let expected: SocketAddress
    private let connection: Connection

    init(expected: SocketAddress, connection: Connection) {
        self.expected = expected
        self.connection = connection
    }

    func channelActive(context: ChannelHandlerContext) {
        guard connection.isPeerAllowed(context.remoteAddress, expected: expected) else {
            return connection.peerRefused()
        }
        context.fireChannelActive()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}

/// Stands between the socket (or TLS) and the HTTP decoder: counts what comes, and is where requests enter the channel,
/// as finished bytes that no encoder touches.
final class WireHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: Connection

    init(connection: Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) { connection.wireAdded(context) }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        connection.wireActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event { connection.handshakeCompleted() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.receivedBytes(unwrapInboundIn(data).readableBytes) { context.fireChannelRead(data) }
    }
}

/// The end of the channel: hands the parsed answer to the connection.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let connection: Connection

    init(connection: Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): connection.receivedHead(head)
        case .body(let body): connection.receivedBody(body)
        case .end: connection.receivedEnd()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { connection.receivedAll() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { connection.failed(error) }

    func channelInactive(context: ChannelHandlerContext) { connection.becameInactive() }
}
