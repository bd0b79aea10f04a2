import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection on which a test writes bytes of its own and reads what comes back, well-formed or not.
package final class RawHTTPConnection: Sendable {
    /// An answer taken out of the bytes that came back.
    package struct Answer: Sendable, CustomStringConvertible {
        package let status: Int
        /// Names in lower case.
        package let fields: [(name: String, value: String)]
        package let body: String

        package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        package var description: String { "\(status) \(fields) \(body)" }
    }

    fileprivate struct State {
        var received: [UInt8] = []
        var isClosed = false
    }

    private let channel: any Channel
    private let state: Box

    package static func open(port: Int) async throws -> RawHTTPConnection {
        let box = Box()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CollectingHandler(box))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawHTTPConnection(channel: channel, state: box)
    }

    private init(channel: any Channel, state: Box) {
        self.channel = channel
        self.state = state
    }

    /// Sends bytes; that the server has closed already is no failure of the test.
    package func send(_ text: String) async { await send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Ends this side of the connection alone.
    package func finish() async { try? await channel.close(mode: .output).get() }

    package func close() async { try? await channel.close().get() }

    /// What came back so far.
    package var received: String { String(decoding: state.state.withLock { $0.received }, as: UTF8.self) }

    /// Whether the server has ended the connection, or its side of it.
    package var isClosed: Bool { state.state.withLock { $0.isClosed } }

    /// Waits for the next answer and takes it off what came back. 1xx answers count.
    ///
    /// - Parameter isHead: An answer to HEAD has no body, whatever its length says.
    package func answer(within limit: Duration = .seconds(10), isHead: Bool = false) async throws -> Answer {
        try await eventuallyValue(within: limit, "an answer; so far: \(received)") {
            if let answer = self.takeAnswer(isHead: isHead) { return answer }
            guard !self.isClosed else { throw NotInTime(description: "closed without an answer: \(self.received)") }
            return nil
        }
    }

    package func untilClosed(within limit: Duration = .seconds(10)) async throws {
        try await eventually(within: limit, "the end of the connection; so far: \(received)") { self.isClosed }
    }

    private func takeAnswer(isHead: Bool) -> Answer? {
        state.state.withLock { state in
            guard let end = state.received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: state.received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                return nil
            }
            let fields = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (
                    name: String(parts[0]).lowercased(),
                    value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
                )
            }
            let length = isHead ? 0 : fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
            guard state.received.count >= end.upperBound + length else { return nil }
            let body = String(decoding: state.received[end.upperBound..<end.upperBound + length], as: UTF8.self)
            state.received.removeFirst(end.upperBound + length)
            return Answer(status: status, fields: fields, body: body)
        }
    }

    fileprivate final class Box: Sendable {
        let state = Mutex(State())
    }
}

private final class CollectingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let box: RawHTTPConnection.Box

    init(_ box: RawHTTPConnection.Box) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        box.state.withLock { $0.received.append(contentsOf: bytes.readableBytesView) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { box.state.withLock { $0.isClosed = true } }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        box.state.withLock { $0.isClosed = true }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        box.state.withLock { $0.isClosed = true }
        context.close(promise: nil)
    }
}
