package import NIOCore
package import NIOHTTP1
import NIOPosix

/// An answer as a test sees it.
package struct HTTPTestResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: ByteBuffer

    /// The body as text.
    package var text: String { String(buffer: body) }
}

/// A plain HTTP/1.1 client of one keep-alive connection, opened at the first request and again after it closed.
///
/// Requests of one client go one after another; tests that want several at once make several clients.
package actor HTTPTestClient {
    package struct ConnectionClosed: Error {}

    private let host: String
    private let port: Int
    private var channel: (any Channel)?
    private var last: Task<Void, Never>?

    package init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }

    /// Sends one request and reads its whole answer.
    ///
    /// - Throws: ``ConnectionClosed`` when the server closed before the end of the answer, and NIO's errors.
    package func send(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: ByteBuffer? = nil
    ) async throws -> HTTPTestResponse {
        let before = last
        let turn = Task { () -> Result<HTTPTestResponse, any Error> in
            await before?.value
            do {
                return .success(try await self.exchange(method, target, headers, body))
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await turn.value }
        return try await turn.value.get()
    }

    /// The same with a text body and `content-type: application/json`.
    package func send(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], json: String
    ) async throws -> HTTPTestResponse {
        var headers = headers
        if !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
        return try await send(method, target, headers: headers, body: ByteBuffer(string: json))
    }

    /// Closes the connection, if one is open.
    package func close() async {
        try? await channel?.close()
        channel = nil
    }

    private func exchange(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders, _ body: ByteBuffer?
    ) async throws -> HTTPTestResponse {
        let channel = try await openChannel()
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)
        if !headers.contains(name: "host") { head.headers.add(name: "host", value: "\(host):\(port)") }
        if let body, !headers.contains(name: "content-length"), !headers.contains(name: "transfer-encoding") {
            head.headers.add(name: "content-length", value: "\(body.readableBytes)")
        }
        let promise = channel.eventLoop.makePromise(of: HTTPTestResponse.self)
        channel.write(Exchange(head: head, body: body, promise: promise), promise: nil)
        channel.flush()
        return try await promise.futureResult.get()
    }

    private func openChannel() async throws -> any Channel {
        if let channel, channel.isActive { return channel }
        let opened = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                }
            }
            .connect(host: host, port: port).get()
        channel = opened
        return opened
    }
}

/// A request with the promise of its answer.
private struct Exchange: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let promise: EventLoopPromise<HTTPTestResponse>
}

private final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    private var waiting: EventLoopPromise<HTTPTestResponse>?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard context.channel.isActive else {
            return exchange.promise.fail(HTTPTestClient.ConnectionClosed())
        }
        waiting = exchange.promise
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            guard let head, !(100..<200).contains(Int(head.status.code)) else { return }
            waiting?.succeed(HTTPTestResponse(status: Int(head.status.code), headers: head.headers, body: body))
            waiting = nil
            if !head.isKeepAlive { context.close(promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting?.fail(HTTPTestClient.ConnectionClosed())
        waiting = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        waiting?.fail(error)
        waiting = nil
        context.close(promise: nil)
    }
}
