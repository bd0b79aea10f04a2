import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebhookModel

/// One connection to one judged address, from its making to its end. It carries one request at a time and tells the sender
/// what became of it. Belongs to the sender's event loop.
final class Connection {
    enum State: Equatable {
        case connecting
        case handshaking
        case idle
        case exchanging
        /// Its attempt has its result; the rest of the body is read for a moment.
        case draining
        /// Closing or closed: nothing that still arrives counts.
        case closed
    }

    /// The connection's place in the sender's tables.
    let number: Int
    let pool: EndpointPool
    let address: IPAddress
    let isTLS: Bool
    private(set) var state = State.connecting
    /// The attempt that uses it; nil while idle, draining or closed.
    var attempt: RunningAttempt?
    private(set) var exchange = ResponseExchange()
    /// Whether the request that is out is not its first.
    private(set) var isReused = false
    /// Its 60 seconds are over: it takes no further request.
    var isTooOld = false
    /// Whether it stands in its pool for the next request to take.
    var isPooled = false
    private var hasCarried = false
    private var isGone = false
    /// While requests are out the sender must live.
    private let sender: HTTPSender
    private let decoder: HTTPResponseDecoder
    private var channel: (any Channel)?
    private var wire: ChannelHandlerContext?

    init(number: Int, pool: EndpointPool, address: IPAddress, isTLS: Bool, sender: HTTPSender) {
        self.number = number
        self.pool = pool
        self.address = address
        self.isTLS = isTLS
        self.sender = sender
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = ResponseExchange.maximumHeadBytes
        limits.maxHeaderListSize = ResponseExchange.maximumHeadBytes
        limits.maxHeaderFieldCount = 100
        decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
    }

    /// `address:port`, for operators.
    var remoteText: String { address.text(withPort: pool.key.host.port) }

    // MARK: Making it

    func open(to peer: SocketAddress, timeout: TimeAmount) {
        let connection = NIOLoopBound(self, eventLoop: sender.eventLoop)
        ClientBootstrap(group: sender.eventLoop)
            .connectTimeout(timeout)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 16384)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try connection.value.configure(channel, peer: peer) }
            }
            .connect(to: peer)
            .assumeIsolated()
            .whenFailure { error in
                self.failed(error)
                self.gone()
            }
    }

    private func configure(_ channel: any Channel, peer: SocketAddress) throws {
        self.channel = channel
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(PeerGuard(expected: peer, connection: self))
        if isTLS { try pipeline.addHandler(sender.makeTLSHandler(for: pool.key)) }
        try pipeline.addHandler(WireHandler(connection: self))
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(AnswerHandler(connection: self))
    }

    /// Whether the peer may be talked to, judged by what the socket says.
    func isPeerAllowed(_ peer: SocketAddress?, expected: SocketAddress) -> Bool {
        guard let peer, peer == expected, let address = IPAddress(peer), address == self.address else { return false }
        return sender.refusal(of: address, port: pool.key.host.port) == nil
    }

    func peerRefused() {
        guard state == .connecting else { return }
        leave { sender.connectionBlocked($0, by: self) }
    }

    func wireAdded(_ context: ChannelHandlerContext) { wire = context }

    func wireActive() {
        guard state == .connecting else { return }
        if isTLS {
            state = .handshaking
            if let attempt { sender.connected(attempt) }
        } else {
            if let attempt { sender.connected(attempt) }
            becomeReady()
        }
    }

    func handshakeCompleted() {
        guard state == .handshaking else { return }
        guard isCertificateForName else { return failed(CertificateForAnotherName()) }
        if let attempt { sender.handshakeCompleted(attempt) }
        becomeReady()
    }

    private var isCertificateForName: Bool {
        let host = pool.key.host
        if host.literal != nil { return true }
        guard let certificate = try? channel?.pipeline.syncOperations.nioSSL_peerCertificate() else { return false }
        return CertificateNames.allow(certificate, for: host.name)
    }

    private func becomeReady() {
        guard let attempt else { return close() }
        state = .idle
        sender.connectionReady(self, for: attempt)
    }

    // MARK: A request

    /// Whether it can carry another request, as far as it knows.
    var isUsable: Bool { state == .idle && !isTooOld && channel?.isActive == true }

    /// Writes the request and waits for its answer.
    func send(_ request: ByteBuffer, of attempt: RunningAttempt) {
        precondition(state == .idle, "a connection carries one request at a time")
        guard let wire else { return failed(ChannelError.ioOnClosedChannel) }
        state = .exchanging
        self.attempt = attempt
        exchange = ResponseExchange()
        isReused = hasCarried
        hasCarried = true
        decoder.write(data: Self.postHead)
        wire.writeAndFlush(NIOAny(request), promise: nil)
    }

    /// All that the decoder needs to know of a request: that its answer is not one to HEAD or CONNECT.
    private static let postHead = HTTPClientRequestPart.head(
        HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))

    // MARK: What arrives

    /// Bytes came; whether they may be parsed.
    func receivedBytes(_ count: Int) -> Bool {
        switch state {
        case .exchanging, .draining:
            exchange.receivedBytes(count)
            return true
        case .idle:
            close()  // nobody asked for anything
            return false
        case .connecting, .handshaking, .closed:
            return false
        }
    }

    func receivedHead(_ head: HTTPResponseHead) {
        guard state == .exchanging else { return }
        let code = head.status.code
        let retryAfter = code == 429 || code == 503 ? sender.retryAfter(head.headers) : nil
        obey(
            exchange.receivedHead(
                status: UInt16(clamping: code), keepAlive: head.isKeepAlive, retryAfterMilliseconds: retryAfter))
    }

    func receivedBody(_ body: ByteBuffer) {
        guard state == .exchanging || state == .draining else { return }
        obey(exchange.receivedBody(body.readableBytes) { Array(body.readableBytesView.prefix($0)) })
    }

    func receivedEnd() {
        guard state == .exchanging || state == .draining else { return }
        exchange.receivedEnd()
    }

    func receivedAll() {
        guard state == .exchanging || state == .draining else { return }
        obey(exchange.receivedAll())
    }

    private func obey(_ verdict: ResponseExchange.Verdict) {
        switch verdict {
        case .none: ()
        case .answered(let remains): answered(remains)
        case .violated(let rule): leave { sender.exchangeFailed($0, .protocol, rule.description, by: self) }
        }
    }

    private func answered(_ remains: ResponseExchange.Remains) {
        let finished = attempt
        attempt = nil
        switch remains {
        case .reusable where !hasUnsentBytes && !isTooOld:
            state = .idle
            sender.connectionIdle(self)
        case .reusable, .closed:
            close()
        case .draining:
            if state == .draining { return }
            state = .draining
            sender.connectionDraining(self)
        }
        if let finished { sender.exchangeAnswered(finished, exchange, by: self) }
    }

    /// An answer that came before the whole request had left: the rest must not be taken for a part of the next one.
    private var hasUnsentBytes: Bool {
        (try? channel?.syncOptions?.getOption(.bufferedWritableBytes)) != 0
    }

    // MARK: Its end

    /// The error ends the connection, whatever it was doing.
    func failed(_ error: any Error) {
        guard state != .closed else { return }
        let before = state
        leave { sender.connectionFailed($0, FailureCause(error, while: before), by: self) }
    }

    func becameInactive() {
        if state != .closed {
            let before = state
            leave { sender.connectionFailed($0, FailureCause.closedByPeer(while: before), by: self) }
        }
        gone()
    }

    /// Closes and forgets the attempt, whose result somebody else has given.
    func abandon() {
        attempt = nil
        close()
    }

    func close() {
        guard state != .closed else { return }
        state = .closed
        sender.connectionClosing(self)
        channel?.close(promise: nil)
    }

    private func leave(_ tell: (RunningAttempt) -> Void) {
        let left = attempt
        attempt = nil
        close()
        if let left { tell(left) }
    }

    private func gone() {
        guard !isGone else { return }
        isGone = true
        state = .closed
        channel = nil
        wire = nil
        sender.connectionGone(self)
    }
}
