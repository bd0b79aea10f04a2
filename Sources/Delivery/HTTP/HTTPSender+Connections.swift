import NIOCore
import WebhookModel

/// The connections: numbered, counted, kept idle in their pools.
extension HTTPSender {
    func makeConnection(to address: IPAddress, in pool: EndpointPool) -> Connection {
        let number = freeConnectionNumbers.popLast() ?? connections.count
        let connection = Connection(
            number: number, pool: pool, address: address, isTLS: pool.key.host.isTLS, sender: self)
        if number == connections.count { connections.append(connection) } else { connections[number] = connection }
        pool.connections += 1
        gauges.connectionOpened()
        let deadline = NIODeadline.now() + times.connectionLife
        ageDeadlines.append(number, deadline: deadline)
        setTimer(for: deadline)
        return connection
    }

    /// A kept connection that may carry the next request; its address is judged again, by the tables as they are now.
    func takeIdle(from pool: EndpointPool, at now: NIODeadline) -> Connection? {
        while let connection = pool.idle.popLast() {
            unpool(connection)
            if connection.isUsable, refusal(of: connection.address, port: pool.key.host.port) == nil {
                return connection
            }
            connection.close()
        }
        return nil
    }

    /// The connection has no request and may carry another.
    func connectionIdle(_ connection: Connection) {
        connection.attempt = nil
        drainDeadlines.remove(connection.number)
        guard !takesNoMore, connection.isUsable else { return connection.close() }
        connection.isPooled = true
        connection.pool.idle.append(connection)
        gauges.changeIdle(by: 1)
        let deadline = NIODeadline.now() + times.idleLife
        idleDeadlines.append(connection.number, deadline: deadline)
        setTimer(for: deadline)
        if gauges.idleConnections > configuration.maximumIdleConnections { closeIdle(atMost: 1) }
    }

    /// The attempt has its result, the rest of the body may come for a moment.
    func connectionDraining(_ connection: Connection) {
        let deadline = NIODeadline.now() + times.bodyGrace
        drainDeadlines.append(connection.number, deadline: deadline)
        setTimer(for: deadline)
    }

    /// The connection begins to close.
    func connectionClosing(_ connection: Connection) {
        drainDeadlines.remove(connection.number)
        if connection.isPooled {
            connection.pool.removeIdle(connection)
            unpool(connection)
        }
    }

    /// Nothing is left of the connection.
    func connectionGone(_ connection: Connection) {
        connectionClosing(connection)
        ageDeadlines.remove(connection.number)
        connections[connection.number] = nil
        freeConnectionNumbers.append(connection.number)
        connection.pool.connections -= 1
        gauges.connectionClosed()
        dropIfUnused(connection.pool)
        finishStopping()
    }

    /// Closes the connections that have been idle for longest.
    func closeIdle(atMost count: Int) {
        for _ in 0..<count {
            guard let oldest = idleDeadlines.first else { return }
            connections[oldest]?.close()
        }
    }

    private func unpool(_ connection: Connection) {
        connection.isPooled = false
        idleDeadlines.remove(connection.number)
        gauges.changeIdle(by: -1)
    }
}
