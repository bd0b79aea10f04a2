import CNIOLinux
import Glibc
import NIOCore
import WebhookModel

/// Between the model's addresses, which are numbers, and those of sockets.
extension IPAddress {
    /// nil for a unix socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let v4):
            self = .v4(UInt32(bigEndian: v4.address.sin_addr.s_addr))
        case .v6(let v6):
            var bytes = v6.address.sin6_addr
            guard let address = withUnsafeBytes(of: &bytes, { IPAddress(networkBytes: $0) }) else { return nil }
            self = address
        case .unixDomainSocket: return nil
        }
    }

    /// nil for anything but an IPv4 or IPv6 address.
    init?(socketAddress: UnsafeMutablePointer<sockaddr>) {
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET:
            self = socketAddress.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            let address = socketAddress.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: &$0.pointee.sin6_addr) { IPAddress(networkBytes: $0) }
            }
            guard let address else { return nil }
            self = address
        default: return nil
        }
    }

    func socketAddress(port: Int) -> SocketAddress {
        switch self {
        case .v4(let value):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = value.bigEndian
            return SocketAddress(address)
        case .v6(let high, let low):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(port).bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return SocketAddress(address)
        }
    }

    /// `192.0.2.1:443`, `[2001:db8::1]:443`.
    func text(withPort port: Int) -> String {
        switch self {
        case .v4: "\(self):\(port)"
        case .v6: "[\(self)]:\(port)"
        }
    }
}
