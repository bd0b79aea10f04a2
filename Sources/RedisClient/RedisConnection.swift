package import Logging
package import NIOCore
import NIOPosix
import NIOSSL

/// One connection to Redis, pinned to its event loop. It never reconnects: who needs a connection that does takes
/// ``RedisClient``.
package actor RedisConnection: RedisExecutor {
    package nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let channel: any Channel
    /// Where the server was met; a path for a unix socket.
    package nonisolated var remoteAddress: SocketAddress? { channel.remoteAddress }
    private nonisolated let handler: NIOLoopBound<RedisChannelHandler>
    private let timeout: TimeAmount
    private var lastID: UInt64 = 0

    private init(channel: any Channel, handler: NIOLoopBound<RedisChannelHandler>, timeout: Duration) {
        self.channel = channel
        self.handler = handler
        self.timeout = TimeAmount(timeout)
        eventLoop = channel.eventLoop
        executor = channel.eventLoop.executor
    }

    /// Connects, and introduces itself with `AUTH`, `SELECT` and `CLIENT SETNAME` as far as they are configured.
    ///
    /// - Throws: ``RedisError/notSent(_:)`` when there is no connection, ``RedisError/server(_:)`` when Redis refuses.
    package static func connect(
        _ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger
    ) async throws(RedisError) -> RedisConnection {
        let opened: (any Channel, NIOLoopBound<RedisChannelHandler>)
        do {
            opened = try await open(configuration, on: eventLoop, logger: logger).get()
        } catch {
            configuration.metrics.couldNotConnect()
            throw RedisError.notSent("cannot connect to \(configuration.address): \(connectionFailureText(error))")
        }
        let connection = RedisConnection(
            channel: opened.0, handler: opened.1, timeout: configuration.commandTimeout)
        do throws(RedisError) {
            try await connection.introduce(configuration)
            configuration.metrics.connected()
        } catch {
            configuration.metrics.couldNotConnect()
            await connection.close()
            throw error
        }
        return connection
    }

    private static func open(
        _ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger
    ) -> EventLoopFuture<(any Channel, NIOLoopBound<RedisChannelHandler>)> {
        let tls: NIOSSLContext?
        do {
            tls = try configuration.tls.map { try $0.makeContext() }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: configuration.serverName))
                    }
                    try pipeline.addHandler(
                        RedisChannelHandler(
                            maximumPending: configuration.maximumPending, metrics: configuration.metrics, logger: logger
                        ))
                }
            }
        let connected =
            switch configuration.address {
            case .tcp(let host, let port):
                bootstrap.channelOption(.socketOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
            case .unix(let path):
                bootstrap.connect(unixDomainSocketPath: path)
            }
        return connected.flatMapThrowing { channel in
            let handler = try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self)
            return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
    }

    private func introduce(_ configuration: RedisConfiguration) async throws(RedisError) {
        let time = configuration.connectTimeout
        if let password = configuration.password {
            var auth = RedisCommand("AUTH")
            if let username = configuration.username { auth.arguments.append(username) }
            auth.arguments.append(password.text)
            _ = try await execute(auth, timeout: time)
        }
        if configuration.database != 0 {
            _ = try await execute(RedisCommand("SELECT", "\(configuration.database)"), timeout: time)
        }
        if let name = configuration.clientName {
            do throws(RedisError) {
                _ = try await execute(RedisCommand("CLIENT", "SETNAME", name), timeout: time)
            } catch {
                // The name helps whoever reads CLIENT LIST; a least-privilege user may not set it.
                guard error.hasCode("NOPERM") else { throw error }
            }
        } else {
            // A listening server that does not answer is no connection.
            do throws(RedisError) {
                _ = try await execute(RedisCommand("PING"), timeout: time)
            } catch {
                guard error.hasCode("NOPERM") else { throw error }
            }
        }
    }

    package func execute(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RedisValue {
        lastID += 1
        let id = lastID
        let time = timeout.map { TimeAmount($0) } ?? self.timeout
        let result: RedisResult = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else {
                    return continuation.resume(returning: .failure(.notSent("cancelled")))
                }
                handler.value.send(command.arguments, id: id, timeout: time, caller: continuation)
            }
        } onCancel: {
            eventLoop.execute { self.handler.value.cancel(id: id) }
        }
        return try result.get()
    }

    /// Whether the connection can take commands.
    package var isOpen: Bool { handler.value.isOpen }

    /// Commands sent since it was opened.
    package var commandsSent: Int { handler.value.commandsSent }

    /// Commands whose replies are not there yet.
    package var pendingCount: Int { handler.value.pendingCount }

    /// Closes at once; what waits fails.
    package func close() async {
        handler.value.close(because: "closed by this node")
        try? await channel.closeFuture.get()  // closing twice is no fault
    }

    /// Returns when the connection is closed, from whichever side.
    package nonisolated func untilClosed() async {
        try? await channel.closeFuture.get()  // the reason is known to those whose commands failed
    }
}
