import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL

/// A real HTTP/1.1 server on a free port of a loopback address, on a thread of its own, that keeps what it was sent and
/// answers as it is told.
package final class TestReceiver: Sendable {
    /// One request as it arrived.
    package struct Request: Sendable {
        package let method: String
        package let target: String
        /// All fields in the order and spelling in which they came.
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]
        /// When the last byte arrived.
        package let arrivedAt: ContinuousClock.Instant
        /// The number of its connection, from 1 in order of acceptance.
        package let connection: Int
        /// The number of the request over all connections, from 1.
        package let number: Int

        /// The value of the first field with that name, in any case.
        package func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// What a request is answered with.
    package enum Answer: Sendable {
        /// A complete answer with Content-Length, after a delay.
        case status(Int, fields: [(String, String)] = [], body: [UInt8] = [], after: Duration = .zero)
        /// Nothing, ever.
        case hang
        /// The connection closes without an answer.
        case close
        /// These bytes and nothing else, each after its delay; then the connection closes or stays open.
        case raw([(after: Duration, bytes: [UInt8])], thenClose: Bool)

        package static let ok = Answer.status(200)

        package static func bytes(_ text: String, thenClose: Bool = false) -> Answer {
            .raw([(.zero, Array(text.utf8))], thenClose: thenClose)
        }
    }

    /// What is kept of the requests; all of them are counted.
    package enum Recording: Sendable {
        case everything
        /// The count alone, for many requests a second.
        case nothing
    }

    package typealias Script = @Sendable (Request) -> Answer

    package let host: String
    package let port: Int
    private let scheme: String
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    let state: ReceiverState

    /// Starts one and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - host: A loopback address.
    ///   - port: 0 for any that is free.
    ///   - tls: Makes it an https server.
    ///   - keepingBytes: Whether ``bytes(ofConnection:)`` is kept as well.
    package static func start(
        host: String = "127.0.0.1", port: Int = 0, tls: NIOSSLContext? = nil, recording: Recording = .everything,
        keepingBytes: Bool = false, answer: @escaping Script = { _ in .ok }
    ) async throws -> TestReceiver {
        let state = ReceiverState(recording: recording, keepsBytes: keepingBytes, script: answer)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                        let connection = state.accepted(channel)
                        if state.keepsBytes { try pipeline.addHandler(ByteKeeper(state, connection: connection)) }
                        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                        try pipeline.addHandler(ReceiverHandler(state, connection: connection))
                    }
                }
                .bind(host: host, port: port).get()
            return TestReceiver(
                host: host, scheme: tls == nil ? "http" : "https", group: group, listener: listener, state: state)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        host: String, scheme: String, group: MultiThreadedEventLoopGroup, listener: any Channel, state: ReceiverState
    ) {
        self.host = host
        self.scheme = scheme
        self.group = group
        self.listener = listener
        self.state = state
        port = listener.localAddress?.port ?? 0
    }

    deinit { group.shutdownGracefully { _ in } }

    /// `http://127.0.0.1:4711` with `path` behind it.
    package func url(_ path: String = "/") -> String {
        "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)"
    }

    /// The requests that arrived whole, in order; empty when nothing is recorded.
    package var requests: [Request] { state.requests }
    /// How many requests arrived whole.
    package var requestCount: Int { state.requestCount }
    /// How many connections were accepted so far.
    package var connectionsAccepted: Int { state.connectionsAccepted }
    /// How many of them are open now.
    package var openConnections: Int { state.openConnections }

    /// All bytes that came in on a connection, when they are kept.
    package func bytes(ofConnection number: Int) -> [UInt8] { state.bytes(ofConnection: number) }

    /// Answers by another script from now on.
    package func answer(_ script: @escaping Script) { state.replaceScript(script) }

    /// Closes every open connection, not the listener.
    package func closeConnections() async throws {
        for channel in state.openChannels { try? await channel.close() }
    }

    /// Stops listening and closes every connection; the port is free afterwards.
    package func stop() async throws {
        try? await listener.close()
        try await closeConnections()
        try await group.shutdownGracefully()
    }
}
