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
        /// Whatever Redis answers within so much time after a request that holds this text is kept back until then.
        case holdAfter(text: String, Duration)
        /// The connection is cut as soon as a request has been passed on.
        case cutAfterRequest
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel
    private let state: Shared

    /// What the event loop and the tests both see.
    private final class Shared: Sendable {
        let mode = Mutex(Mode.pass)
        let channels = Mutex<[any Channel]>([])
        let target: Mutex<String>
        init(target: String) { self.target = Mutex(target) }
    }

    /// Starts one on a free port of 127.0.0.1.
    package static func start(to server: RedisServer) async throws -> RedisProxy {
        try await RedisProxy(path: server.socketPath)
    }

    private init(path: String) async throws {
        let state = Shared(target: path)
        self.state = state
        let group = group
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { client in
                client.eventLoop.makeCompletedFuture {
                    let requests = Pipe(mode: { state.mode.withLock { $0 } }, isReplies: false)
                    try client.pipeline.syncOperations.addHandler(requests)
                    state.channels.withLock { $0.append(client) }
                    let bound = NIOLoopBound(requests, eventLoop: client.eventLoop)
                    let target = state.target.withLock { $0 }
                    ClientBootstrap(group: client.eventLoop)
                        .channelInitializer { server in
                            server.eventLoop.makeCompletedFuture {
                                let replies = Pipe(mode: { state.mode.withLock { $0 } }, isReplies: true)
                                replies.connect(to: client)
                                bound.value.replies = replies
                                try server.pipeline.syncOperations.addHandler(replies)
                            }
                        }
                        .connect(unixDomainSocketPath: target)
                        .whenComplete { result in
                            switch result {
                            case .success(let server):
                                state.channels.withLock { $0.append(server) }
                                bound.value.connect(to: server)
                            case .failure: client.close(promise: nil)
                            }
                        }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Leads new connections to another server and closes those that are open, as a failover does.
    package func redirect(to server: RedisServer) async {
        state.target.withLock { $0 = server.socketPath }
        let open = state.channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in open { try? await channel.close() }
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

    /// The other side; what comes before it is there waits.
    private var other: (any Channel)?
    private var waiting: [ByteBuffer] = []
    /// The other direction, of a pipe of requests.
    weak var replies: Pipe?
    private let mode: () -> RedisProxy.Mode
    private let isReplies: Bool
    /// What is read later is never passed on earlier.
    private var lastDelivery = NIODeadline.uptimeNanoseconds(0)

    init(mode: @escaping () -> RedisProxy.Mode, isReplies: Bool) {
        self.mode = mode
        self.isReplies = isReplies
    }

    func connect(to other: any Channel) {
        self.other = other
        for bytes in waiting { other.writeAndFlush(bytes, promise: nil) }
        waiting = []
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let mode = mode()
        var delay = TimeAmount.zero
        switch mode {
        case .dropReplies where isReplies, .dropRequests where !isReplies: return
        case .delayReplies(let time) where isReplies: delay = TimeAmount(time)
        case .holdAfter(let text, let time) where !isReplies:
            if String(buffer: bytes).contains(text) {
                replies?.lastDelivery = max(replies?.lastDelivery ?? .now(), .now() + TimeAmount(time))
            }
        default: ()
        }
        guard let other else { return waiting.append(bytes) }
        let at = max(.now() + delay, lastDelivery)
        lastDelivery = at
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
        other?.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
