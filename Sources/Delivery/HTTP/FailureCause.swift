import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL

/// The peer's certificate does not name the host that was asked for.
struct CertificateForAnotherName: Error {}

/// What ended a connection that still had an attempt.
struct FailureCause {
    enum Kind: Equatable {
        /// This node could not make a connection at all.
        case noLocalResources
        /// The address could not be connected to; another one may do.
        case unreachable
        /// An established connection broke.
        case broken
        /// The peer closed an established connection in order.
        case ended
        case tls
        case `protocol`
    }

    let kind: Kind
    /// For operators: at most 200 bytes, without line breaks.
    let detail: String

    private init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = Self.bounded(detail)
    }

    static func closedByPeer(while state: Connection.State) -> FailureCause {
        state == .handshaking
            ? FailureCause(.tls, "connection closed during the TLS handshake")
            : FailureCause(.ended, "connection closed before an answer")
    }

    init(_ error: any Error, while state: Connection.State) {
        switch error {
        case let error as IOError:
            if Self.localCodes.contains(error.errnoCode), state == .connecting {
                self.init(.noLocalResources, Self.text(of: error.errnoCode))
            } else {
                self.init(state == .connecting ? .unreachable : .broken, Self.text(of: error.errnoCode))
            }
        case NIOSSLError.uncleanShutdown where state != .handshaking:
            self = .closedByPeer(while: state)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError, is NIOSSLCloseTimedOutError:
            self.init(.tls, "\(error)")
        case is CertificateForAnotherName:
            self.init(.tls, "the certificate is for the address, not for the name")
        case is HTTPParserError, is NIOHTTPDecoderError:
            self.init(.protocol, "\(error)")
        case ChannelError.connectTimeout:
            self.init(.unreachable, "not connected in time")
        case is ChannelError where state != .connecting:
            self.init(.broken, "\(error)")
        default:
            switch state {
            case .connecting: self.init(.unreachable, "\(error)")
            case .handshaking: self.init(.tls, "\(error)")
            default: self.init(.protocol, "\(error)")
            }
        }
    }

    /// Errors that say nothing about the target: no descriptor, no buffer, no port of our own.
    private static let localCodes: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL]

    private static func text(of code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "connection reset"
        case ETIMEDOUT: "connection timed out"
        case ENETUNREACH, EHOSTUNREACH: "unreachable"
        case EMFILE, ENFILE: "no file descriptor left on this node"
        case EADDRNOTAVAIL: "no local port left on this node"
        case ENOBUFS, ENOMEM: "no memory left on this node"
        default: "errno \(code)"
        }
    }

    private static func bounded(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(200).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
