import DequeModule

/// The connections of one workspace to one scheme, host and port.
final class EndpointPool {
    let key: PoolKey
    let host: HostTurns
    /// Connections without a request, the one used last at the end: it is taken first, so that the others grow idle.
    var idle: [Connection] = []
    /// Connections that are being made or open, idle ones included.
    var connections = 0
    /// Attempts that were started and have no result yet.
    var attempts = 0

    init(key: PoolKey, host: HostTurns) {
        self.key = key
        self.host = host
    }

    var isUnused: Bool { connections == 0 && attempts == 0 }

    func removeIdle(_ connection: Connection) {
        if let position = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: position) }
    }
}

/// Who may talk to one host and port now, over all workspaces.
final class HostTurns {
    let key: HostKey
    /// Attempts that have a turn.
    var running = 0
    /// The numbers of attempts that wait for one, the oldest first.
    var waiting = Deque<Int>()
    /// How many pools refer to this host.
    var pools = 0

    init(key: HostKey) { self.key = key }
}
