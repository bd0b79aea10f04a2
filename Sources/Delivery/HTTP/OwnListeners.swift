package import NIOCore
package import WebhookModel

/// This node's own listeners and its Redis: never connected to, also where private targets are allowed, so that no webhook
/// reaches the node itself.
package struct OwnListeners: Sendable {
    private struct Listener: Hashable {
        let address: IPAddress
        let port: Int
    }

    private var listeners: Set<Listener> = []
    /// Ports that are listened on at every address of this machine.
    private var portsEverywhere: Set<Int> = []
    private var addressesOfThisMachine: Set<IPAddress> = []

    package init() {}

    /// Adds a listener at one address; at the unspecified one (`0.0.0.0`, `::`) it is at every address of this machine.
    package mutating func insert(_ address: IPAddress, port: Int) {
        guard address == .v4(0) || address == .v6(0, 0) else {
            listeners.insert(Listener(address: address, port: port))
            return
        }
        portsEverywhere.insert(port)
        // Interfaces that cannot be listed leave the loopback range, which is known without them.
        let devices = (try? System.enumerateDevices()) ?? []
        addressesOfThisMachine.formUnion(devices.compactMap { $0.address.flatMap { IPAddress($0) } })
    }

    /// Adds a listener by a name or address as settings have it; a name that cannot be looked up adds nothing.
    package mutating func insert(host: String, port: Int) {
        if let address = IPAddress(host) { return insert(address, port: port) }
        guard case .addresses(let addresses) = SystemLookup.lookup(absolute: false)(host) else { return }
        for address in addresses { insert(address, port: port) }
    }

    /// Adds what a socket is bound to, or connected to; nothing for a unix socket.
    package mutating func insert(_ address: SocketAddress?) {
        guard let address, let port = address.port, let ip = IPAddress(address) else { return }
        insert(ip, port: port)
    }

    func contains(_ address: IPAddress, port: Int) -> Bool {
        if listeners.contains(Listener(address: address, port: port)) { return true }
        guard portsEverywhere.contains(port) else { return false }
        return address.isLoopback || addressesOfThisMachine.contains(address)
    }
}

extension IPAddress {
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4(let value): value >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}
