/// Why a command has no reply.
///
/// The first two say what a caller may do: a command that was not sent is safe to repeat; one whose outcome is unknown
/// may have been carried out.
package enum RedisError: Error, Sendable, Hashable {
    /// No byte of the command left this process.
    case notSent(String)
    /// The connection broke after the command was handed to it.
    case outcomeUnknown(String)
    /// No reply within the command's time. The command may have been carried out.
    case timedOut
    /// Too many commands wait on this connection; this one was not sent.
    case overloaded
    /// The caller was cancelled. The command may have been carried out.
    case cancelled
    /// Redis refused the command.
    case server(RedisServerError)
    /// The reply is none that the command can have: another server, or another version of a script.
    case unexpectedReply(String)
}

extension RedisError {
    /// Whether the command certainly had no effect.
    package var isNotSent: Bool {
        switch self {
        case .notSent, .overloaded: true
        default: false
        }
    }

    /// Whether Redis itself answered, so the connection is in order.
    package var isAnswer: Bool {
        switch self {
        case .server, .unexpectedReply: true
        default: false
        }
    }

    /// Whether Redis answered with this error code.
    package func hasCode(_ code: String) -> Bool {
        if case .server(let error) = self { error.code == code } else { false }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notSent(let reason): "not sent: \(reason)"
        case .outcomeUnknown(let reason): "outcome unknown: \(reason)"
        case .timedOut: "no reply in time"
        case .overloaded: "too many commands waiting"
        case .cancelled: "cancelled"
        case .server(let error): "Redis: \(error)"
        case .unexpectedReply(let what): "unexpected reply: \(what)"
        }
    }
}
