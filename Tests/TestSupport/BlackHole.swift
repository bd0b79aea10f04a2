import Glibc

/// A port of 127.0.0.1 that listens and never finishes a handshake: its queue is full.
package final class BlackHole: Sendable {
    package let port: Int
    private let listener: Int32
    private let fillers: [Int32]

    package init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw ChildProcess.Failure(description: "socket: errno \(errno)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 0) == 0
                    ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw ChildProcess.Failure(description: "bind or listen: errno \(errno)")
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        // With a backlog of 0 Linux takes one connection; of the further ones the SYN is dropped.
        var fillers: [Int32] = []
        for _ in 0..<4 {
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard filler >= 0 else { continue }
            fillers.append(filler)
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
            }
        }
        self.fillers = fillers
    }

    deinit {
        for filler in fillers { close(filler) }
        close(listener)
    }
}
