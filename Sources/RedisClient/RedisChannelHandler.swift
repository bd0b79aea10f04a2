import Logging
import NIOCore

/// The end of a command, for its caller.
typealias RedisResult = Result<RedisValue, RedisError>

/// One connection's commands and replies, on its event loop.
///
/// Commands of one turn of the loop leave in one write, and one timer serves all deadlines.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What is told the outcome of a command. Called once, on the event loop.
    typealias Caller = CheckedContinuation<RedisResult, Never>

    private var pending: PendingCommands<Caller>
    private var reader = ReplyReader()
    private var outgoing = ByteBuffer()
    private var flushScheduled = false
    private var context: ChannelHandlerContext?
    private var lost: String?
    private var timer: Scheduled<Void>?
    private var timerAt: NIODeadline?
    private let logger: Logger
    /// Commands sent on this connection.
    private(set) var commandsSent = 0

    private let metrics: RedisMetrics

    init(maximumPending: Int, metrics: RedisMetrics = RedisMetrics(), logger: Logger) {
        self.metrics = metrics
        pending = PendingCommands(maximum: maximumPending)
        self.logger = logger
    }

    var isOpen: Bool { lost == nil && context != nil }
    var pendingCount: Int { pending.count }

    // MARK: Commands

    func send(_ arguments: RedisArguments, id: UInt64, timeout: TimeAmount, caller: Caller) {
        guard let context, lost == nil else { return fail(caller, .notSent(lost ?? "not connected")) }
        guard !pending.isFull else { return fail(caller, .overloaded) }
        do throws(RedisError) {
            try appendFormatted(arguments, to: &outgoing)
        } catch {
            return caller.resume(returning: .failure(error))
        }
        let now = context.eventLoop.now
        commandsSent += 1
        pending.append(id: id, caller: caller, now: now, timeout: timeout)
        scheduleTimer(at: now + timeout)
        guard !flushScheduled else { return }
        flushScheduled = true
        context.eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func fail(_ caller: Caller, _ error: RedisError) {
        metrics.failed(error)
        caller.resume(returning: .failure(error))
    }

    /// Gives up a command whose caller was cancelled.
    func cancel(id: UInt64) {
        pending.abandon(id: id)?.resume(returning: .failure(.cancelled))
    }

    private func flush() {
        flushScheduled = false
        guard let context, lost == nil, outgoing.readableBytes > 0 else { return }
        pending.markSent()
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        // A large buffer goes with its command; a usual one is kept for the next turn once the write has let go of it.
        outgoing = outgoing.capacity > 1 << 20 ? ByteBuffer() : context.channel.allocator.buffer(capacity: 4096)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        lose("the connection was closed")
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        do throws(RedisProtocolError) {
            try bytes.withUnsafeReadableBytes { (raw) throws(RedisProtocolError) in try reader.feed(raw) }
            while let value = try reader.next() {
                guard deliver(value, context) else { return }
            }
        } catch {
            close(because: "protocol error: \(error)")
        }
    }

    /// False when the connection was given up.
    private func deliver(_ value: RedisValue, _ context: ChannelHandlerContext) -> Bool {
        switch pending.reply() {
        case .unsolicited:
            close(because: "a reply that nobody asked for")
            return false
        case .belongs(let caller, let sent):
            metrics.replied(afterNanoseconds: (context.eventLoop.now - sent).nanoseconds)
            if case .error(let error) = value {
                metrics.refused(error)
                caller?.resume(returning: .failure(.server(error)))
                // A replica, or a server that is still loading: whoever connects again asks the name again.
                if error.code == "READONLY" || error.code == "LOADING" || error.code == "MASTERDOWN" {
                    close(because: error.description)
                    return false
                }
            } else {
                caller?.resume(returning: .success(value))
            }
            return true
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose("the connection was lost")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(because: "\(error)")
    }

    // MARK: Deadlines

    private func scheduleTimer(at deadline: NIODeadline) {
        guard let context else { return }
        if let timerAt, timerAt <= deadline { return }
        timer?.cancel()
        timerAt = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire() }
    }

    private func expire() {
        timer = nil
        timerAt = nil
        guard let context, lost == nil else { return }
        let expiry = pending.expire(now: context.eventLoop.now)
        for caller in expiry.callers { fail(caller, .timedOut) }
        if expiry.isHopeless {
            close(because: "a reply is later than twice its time")
        } else if let next = expiry.next {
            scheduleTimer(at: next)
        }
    }

    // MARK: End

    /// Closes the connection; what waits fails at once.
    func close(because reason: String) {
        guard lost == nil else { return }
        logger.debug("closing the connection to Redis", metadata: ["reason": "\(reason)"])
        lose(reason)
        context?.close(promise: nil)
    }

    private func lose(_ reason: String) {
        guard lost == nil else { return }
        lost = reason
        timer?.cancel()
        timer = nil
        let (sent, unsent) = pending.removeAll()
        for caller in sent { fail(caller, .outcomeUnknown(reason)) }
        for caller in unsent { fail(caller, .notSent(reason)) }
    }
}
