import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A server on a free port of 127.0.0.1 that treats its clients badly: it speaks bytes, not HTTP, and may go on forever.
package final class HostileReceiver: Sendable {
    /// What a connection gets once the head of a request has arrived (or at once, for those that say so).
    package enum Behaviour: Sendable {
        /// Nothing at all.
        case silence
        /// `first`, then `piece` again and again with a pause in between, without an end.
        case drip(first: String = "", piece: String, every: Duration)
        /// `first`, then `chunk` again and again as fast as the client takes it, without an end.
        case flood(first: String = "", chunk: [UInt8])
        /// These bytes; then the connection closes in order, or stays open.
        case bytes([UInt8], thenClose: Bool)
        /// `first`, then a reset.
        case reset(first: String = "")
        /// These bytes before a byte of the request was read; the request is never read.
        case early(String)

        package static func text(_ text: String, thenClose: Bool = false) -> Behaviour {
            .bytes(Array(text.utf8), thenClose: thenClose)
        }
    }

    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let box: Box

    fileprivate struct Record {
        var accepted = 0
        var open: [ObjectIdentifier: any Channel] = [:]
        var bytesSent = 0
    }

    /// - Parameter behaviour: Chosen by the request's target, or for ``Behaviour/early(_:)`` by an empty one.
    package static func start(
        _ behaviour: @escaping @Sendable (_ target: String) -> Behaviour
    ) async throws
        -> HostileReceiver
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let box = Box()
        do {
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 128 << 10))
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(HostileHandler(behaviour, box))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            return HostileReceiver(group: group, listener: listener, box: box)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private init(group: MultiThreadedEventLoopGroup, listener: any Channel, box: Box) {
        self.group = group
        self.listener = listener
        self.box = box
        port = listener.localAddress?.port ?? 0
    }

    deinit { group.shutdownGracefully { _ in } }

    package func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// How many connections were accepted so far.
    package var connectionsAccepted: Int { box.record.withLock { $0.accepted } }
    /// How many of them are open now.
    package var openConnections: Int { box.record.withLock { $0.open.count } }
    /// Bytes that clients have taken.
    package var bytesSent: Int { box.record.withLock { $0.bytesSent } }

    package func stop() async throws {
        try? await listener.close()
        for channel in box.record.withLock({ Array($0.open.values) }) { try? await channel.close() }
        try await group.shutdownGracefully()
    }

    fileprivate final class Box: Sendable {
        let record = Mutex(Record())
    }
}

private final class HostileHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let behaviour: @Sendable (String) -> HostileReceiver.Behaviour
    private let box: HostileReceiver.Box
    private var head: [UInt8] = []
    private var hasAnswered = false
    private var flood: ByteBuffer?
    private var isFlooding = false

    init(_ behaviour: @escaping @Sendable (String) -> HostileReceiver.Behaviour, _ box: HostileReceiver.Box) {
        self.behaviour = behaviour
        self.box = box
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        box.record.withLock {
            $0.accepted += 1
            $0.open[ObjectIdentifier(channel)] = channel
        }
        if case .early(let text) = behaviour("") {
            hasAnswered = true
            write(Array(text.utf8), context: context)
        } else {
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        flood = nil
        box.record.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(context.channel)) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        head += unwrapInboundIn(data).readableBytesView
        guard let end = head.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let target = head.split(separator: UInt8(ascii: " "), maxSplits: 2).dropFirst().first ?? []
        head.removeSubrange(..<end.upperBound)
        if !hasAnswered { answer(behaviour(String(decoding: target, as: UTF8.self)), context: context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { pour(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ behaviour: HostileReceiver.Behaviour, context: ChannelHandlerContext) {
        switch behaviour {
        case .silence, .early: ()
        case .bytes(let bytes, let thenClose):
            write(bytes, context: context)
            if thenClose { context.close(promise: nil) }
        case .reset(let first):
            if !first.isEmpty { write(Array(first.utf8), context: context) }
            // On its own loop this is done at once: the close that follows sends a reset.
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            context.close(promise: nil)
        case .drip(let first, let piece, let pause):
            hasAnswered = true
            if !first.isEmpty { write(Array(first.utf8), context: context) }
            drip(Array(piece.utf8), every: TimeAmount(pause), context: context)
        case .flood(let first, let chunk):
            hasAnswered = true
            if !first.isEmpty { write(Array(first.utf8), context: context) }
            flood = ByteBuffer(bytes: chunk)
            pour(context)
        }
    }

    private func drip(_ piece: [UInt8], every pause: TimeAmount, context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            guard context.channel.isActive else { return }
            self.write(piece, context: context)
            self.drip(piece, every: pause, context: context)
        }
    }

    private func write(_ bytes: [UInt8], context: ChannelHandlerContext) {
        box.record.withLock { $0.bytesSent += bytes.count }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func pour(_ context: ChannelHandlerContext) {
        guard !isFlooding, let chunk = flood else { return }
        isFlooding = true
        defer { isFlooding = false }
        while flood != nil, context.channel.isActive, context.channel.isWritable {
            box.record.withLock { $0.bytesSent += chunk.readableBytes }
            context.writeAndFlush(wrapOutboundOut(chunk), promise: nil)
        }
    }
}
