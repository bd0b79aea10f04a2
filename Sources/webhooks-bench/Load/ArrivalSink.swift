import Glibc
import Histogram
import NIOCore
import NIOHTTP1
import NIOPosix

/// Nanoseconds of the monotonic clock: the same in all processes of a machine.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A receiver on 127.0.0.1 that answers 200 and measures how long ago each body was to be sent: bodies carry that time as
/// `"intended":<nanoseconds>`.
final class ArrivalSink: Sendable {
    /// What has arrived. Belongs to the event loop.
    final class Arrivals {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 600_000_000_000, numberOfSignificantValueDigits: .three)
        var count = 0
    }

    let port: Int
    private let eventLoop: any EventLoop
    private let arrivals: NIOLoopBoundBox<Arrivals>
    private let channel: any Channel

    private init(port: Int, eventLoop: any EventLoop, arrivals: NIOLoopBoundBox<Arrivals>, channel: any Channel) {
        self.port = port
        self.eventLoop = eventLoop
        self.arrivals = arrivals
        self.channel = channel
    }

    static func start() async throws -> ArrivalSink {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let arrivals = NIOLoopBoundBox.makeBoxSendingValue(Arrivals(), eventLoop: eventLoop)
        let channel = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ArrivalHandler(arrivals.value))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ArrivalSink(
            port: channel.localAddress?.port ?? 0, eventLoop: eventLoop, arrivals: arrivals, channel: channel)
    }

    func count() async throws -> Int {
        try await eventLoop.submit { [arrivals] in arrivals.value.count }.get()
    }

    /// The times from intended sending to receipt, in nanoseconds.
    func histogram() async throws -> Histogram<UInt64> {
        try await eventLoop.submit { [arrivals] in arrivals.value.histogram }.get()
    }

    func stop() async throws { try await channel.close() }
}

private final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let field = Array(#""intended":"#.utf8)
    private let arrivals: ArrivalSink.Arrivals
    private var body = ByteBuffer()

    init(_ arrivals: ArrivalSink.Arrivals) { self.arrivals = arrivals }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            let now = monotonicNanoseconds()
            arrivals.count += 1
            if let intended = intendedTime(), intended < now { _ = arrivals.histogram.record(now - intended) }
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func intendedTime() -> UInt64? {
        body.withUnsafeReadableBytes { bytes in
            var index = 0
            let wanted = Self.field
            while index + wanted.count < bytes.count {
                if bytes[index] == wanted[0], bytes[index..<index + wanted.count].elementsEqual(wanted) {
                    var value: UInt64 = 0
                    for byte in bytes[(index + wanted.count)...] {
                        let digit = byte &- UInt8(ascii: "0")
                        guard digit <= 9 else { break }
                        value = value &* 10 &+ UInt64(digit)
                    }
                    return value
                }
                index += 1
            }
            return nil
        }
    }
}
