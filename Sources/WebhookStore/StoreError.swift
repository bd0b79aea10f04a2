package import RedisClient

/// Why the store did not do what was asked.
package enum StoreError: Error, Sendable, Hashable {
    /// Redis is away, full, or answered something else than expected.
    case redis(RedisError)
    /// The lane is not registered or its lease has run out: nothing was claimed.
    case fenced
    /// No such webhook or key in this workspace.
    case missing
    /// The id is taken.
    case exists
    /// The workspace has as many webhooks as it may have.
    case limitReached
    /// The webhook is disabled.
    case disabled
    /// The cursor of a list names nothing of this workspace.
    case unknownCursor
}

extension StoreError {
    /// What a script's error reply means.
    init(_ error: RedisError) {
        guard case .server(let reply) = error else {
            self = .redis(error)
            return
        }
        switch reply.code {
        case "FENCED": self = .fenced
        case "MISSING": self = .missing
        case "EXISTS": self = .exists
        case "LIMIT": self = .limitReached
        case "DISABLED": self = .disabled
        case "CURSOR": self = .unknownCursor
        default: self = .redis(error)
        }
    }

    package var redisError: RedisError? {
        if case .redis(let error) = self { error } else { nil }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .redis(let error): error.description
        case .fenced: "the lane is gone"
        case .missing: "not found"
        case .exists: "the id is taken"
        case .limitReached: "the workspace has as many webhooks as it may have"
        case .disabled: "the webhook is disabled"
        case .unknownCursor: "unknown cursor"
        }
    }
}
