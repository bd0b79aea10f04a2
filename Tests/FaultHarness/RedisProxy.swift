import NIOCore
import NIOPosix
import Synchronization
package import TestSupport

/// Stands between a node and Redis, and keeps back or delays what passes.
package final class RedisProxy: Sendable {
    package enum Mode: Sendable, Equatable {
        case pass
        /// Requests arrive, replies do not: the outcome of everything is unknown.
        case dropReplies
        case dropRequests
        /// Replies come later by so much, in order.
        case delayReplies(Duration)
        /// The connection is cut as soon as a request has been passed on.
        case cutAfterRequest
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel
    private let state: Mode_

    /// The mode and the connections, shared with the event loop.
    private final class Mode_: Sendable {
        let mode = Mutex(Mode.pass)
        let channels = Mutex<[any Channel]>([])
    }

    /// Starts one on a free port of 127.0.0.1.
    package static func start(to server: RedisServer) async throws -> RedisProxy {
        try await RedisProxy(path: server.socketPath)
    }

    private init(path: String) async throws {
        let state = Mode_()
        self.state = state
        let group = group
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop)
                    .channelInitializer { server in
                        server.eventLoop.makeCompletedFuture {
                            try server.pipeline.syncOperations.addHandler(
                                Pipe(to: client, mode: { state.mode.withLock { $0 } }, isReplies: true))
                        }
                    }
                    .connect(unixDomainSocketPath: path)
                    .flatMapThrowing { server in
                        try client.pipeline.syncOperations.addHandler(
                            Pipe(to: server, mode: { state.mode.withLock { $0 } }, isReplies: false))
                        state.channels.withLock { $0 += [client, server] }
                        client.setOption(.autoRead, value: true).whenComplete { _ in client.read() }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    package var url: String { "redis://127.0.0.1:\(listener.localAddress?.port ?? 0)" }

    package func become(_ mode: Mode) { state.mode.withLock { $0 = mode } }

    package func stop() async throws {
        try? await listener.close()
        for channel in state.channels.withLock({ $0 }) { try? await channel.close() }
        try await group.shutdownGracefully()
    }
}

/// One direction of a connection.
private final class Pipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let other: any Channel
    private let mode: () -> RedisProxy.Mode
    private let isReplies: Bool
    /// What is read later is never passed on earlier.
    private var lastDelivery = NIODeadline.uptimeNanoseconds(0)

    init(to other: any Channel, mode: @escaping () -> RedisProxy.Mode, isReplies: Bool) {
        self.other = other
        self.mode = mode
        self.isReplies = isReplies
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let mode = mode()
        var delay = TimeAmount.zero
        switch mode {
        case .dropReplies where isReplies, .dropRequests where !isReplies: return
        case .delayReplies(let time) where isReplies: delay = TimeAmount(time)
        default: ()
        }
        let at = max(.now() + delay, lastDelivery)
        lastDelivery = at
        let other = other
        if at <= .now() {
            other.writeAndFlush(bytes, promise: nil)
        } else {
            context.eventLoop.scheduleTask(deadline: at) { other.writeAndFlush(bytes, promise: nil) }
        }
        if mode == .cutAfterRequest, !isReplies {
            // The other side has the request in its socket before this side closes.
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        other.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
