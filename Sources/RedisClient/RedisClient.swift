package import Logging
package import NIOCore

/// Keeps one connection to Redis: opens it again after it was lost, with growing pauses.
///
/// A command that cannot be sent waits shortly for a connection and then fails as not sent; a command that was sent is
/// never repeated by itself.
package actor RedisClient: RedisExecutor {
    private enum State {
        case away(reason: String)
        case connected(RedisConnection)
        case closed
    }

    package nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let configuration: RedisConfiguration
    private let logger: Logger
    private let patience: TimeAmount
    private var state = State.away(reason: "not connected yet")
    private var waiting: [UInt64: CheckedContinuation<RedisConnection?, Never>] = [:]
    private var lastWaiter: UInt64 = 0
    private var sentBefore = 0

    /// - Parameter patience: How long a command waits for a connection while there is none.
    package init(
        _ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger,
        patience: Duration = .milliseconds(250)
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        self.patience = TimeAmount(patience)
        executor = eventLoop.executor
    }

    /// Keeps the connection until the task is cancelled. Logs each loss and each return once.
    package func run() async {
        var backoff = Backoff()
        var toldAway = false
        while !Task.isCancelled {
            do throws(RedisError) {
                let connection = try await RedisConnection.connect(configuration, on: eventLoop, logger: logger)
                guard !Task.isCancelled else {
                    await connection.close()
                    break
                }
                logger.info("connected to Redis", metadata: ["address": "\(configuration.address)"])
                toldAway = false
                backoff.reset()
                become(connection)
                await withTaskCancellationHandler {
                    await connection.untilClosed()
                } onCancel: {
                    Task { await connection.close() }  // ends with the connection it closes
                }
                sentBefore += await connection.commandsSent
                state = .away(reason: "the connection was lost")
                if !Task.isCancelled { logger.warning("lost the connection to Redis") }
            } catch {
                state = .away(reason: error.description)
                if !toldAway {
                    toldAway = true
                    logger.warning("Redis is away", metadata: ["reason": "\(error)"])
                }
            }
            if !Task.isCancelled { try? await Task.sleep(for: backoff.next()) }  // cancelled: the loop ends
        }
        state = .closed
        for waiter in waiting.values { waiter.resume(returning: nil) }
        waiting.removeAll()
    }

    package func execute(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RedisValue {
        try await connection().execute(command, timeout: timeout)
    }

    /// Whether there is a connection now.
    package var isConnected: Bool {
        if case .connected = state { true } else { false }
    }

    /// Commands sent since the start, over all connections.
    package func commandsSent() async -> Int {
        if case .connected(let connection) = state { return await sentBefore + connection.commandsSent }
        return sentBefore
    }

    private func become(_ connection: RedisConnection) {
        state = .connected(connection)
        for waiter in waiting.values { waiter.resume(returning: connection) }
        waiting.removeAll()
    }

    private func connection() async throws(RedisError) -> RedisConnection {
        switch state {
        case .connected(let connection): return connection
        case .closed: throw RedisError.notSent("closed")
        case .away: break
        }
        lastWaiter += 1
        let id = lastWaiter
        let found = await withCheckedContinuation { continuation in
            waiting[id] = continuation
            eventLoop.scheduleTask(in: patience) { self.assumeIsolated { $0.giveUpWaiting(id) } }
        }
        if let found { return found }
        if case .away(let reason) = state { throw RedisError.notSent(reason) }
        throw RedisError.notSent("closed")
    }

    private func giveUpWaiting(_ id: UInt64) {
        waiting.removeValue(forKey: id)?.resume(returning: nil)
    }
}
