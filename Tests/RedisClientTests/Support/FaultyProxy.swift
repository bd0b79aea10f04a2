import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// Passes bytes between clients and a Redis on a unix socket, and lets a test spoil the way back.
final class FaultyProxy: Sendable {
    /// What happens to the bytes of Redis on their way to the client.
    enum Fault: Sendable {
        case none
        /// They come so much later.
        case delay(TimeAmount)
        /// They are thrown away.
        case drop
        /// The connection is cut instead of passing them on.
        case cut
    }

    let port: Int
    private let listener: any Channel
    private let fault: Faults

    private final class Faults: Sendable {
        let current = Mutex(Fault.none)
    }

    static func start(to socketPath: String) async throws -> FaultyProxy {
        let fault = Faults()
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop)
                    .channelInitializer { redis in
                        redis.eventLoop.makeCompletedFuture {
                            try redis.pipeline.syncOperations.addHandler(Relay(to: client, fault: fault))
                        }
                    }
                    .connect(unixDomainSocketPath: socketPath)
                    .flatMapThrowing { redis in
                        try client.pipeline.syncOperations.addHandler(Relay(to: redis, fault: nil))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FaultyProxy(listener: listener, port: listener.localAddress?.port ?? 0, fault: fault)
    }

    private init(listener: any Channel, port: Int, fault: Faults) {
        self.listener = listener
        self.port = port
        self.fault = fault
    }

    func set(_ fault: Fault) { self.fault.current.withLock { $0 = fault } }

    func stop() async { try? await listener.close() }

    private final class Relay: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let peer: any Channel
        private let fault: Faults?
        /// When the last delayed bytes leave: what comes behind them stays behind them.
        private var release = NIODeadline.now()

        init(to peer: any Channel, fault: Faults?) {
            self.peer = peer
            self.fault = fault
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            switch fault?.current.withLock({ $0 }) ?? .none {
            case .none where release <= context.eventLoop.now: peer.writeAndFlush(bytes, promise: nil)
            case .none: pass(bytes, on: context.eventLoop)
            case .delay(let time):
                release = max(release, context.eventLoop.now + time)
                pass(bytes, on: context.eventLoop)
            case .drop: break
            case .cut:
                peer.close(promise: nil)
                context.close(promise: nil)
            }
        }

        private func pass(_ bytes: ByteBuffer, on eventLoop: any EventLoop) {
            let peer = peer
            eventLoop.scheduleTask(deadline: release) { peer.writeAndFlush(bytes, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            peer.close(promise: nil)
            context.fireChannelInactive()
        }
    }
}
