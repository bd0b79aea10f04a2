import Glibc
import NIOCore
import NIOPosix

/// Why a connection was not made or broke, in the system's words where it has some: "Connection refused".
package func connectionFailureText(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        if let first = error.connectionErrors.first { return connectionFailureText(first.error) }
        return "no address for \(error.host)"
    case let error as IOError:
        return String(cString: strerror(error.errnoCode))
    case let error as ChannelError:
        if case .connectTimeout = error { return "no answer in time" }
        return "\(error)"
    default:
        return "\(error)"
    }
}
