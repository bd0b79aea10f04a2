import Glibc
import RedisClient
import WebhookStore

/// The connection that a lane stands on. A lane lives no longer than its connection.
final class LaneSession: Sendable {
    let connection: RedisConnection
    let store: LaneStore

    init(connection: RedisConnection, store: LaneStore) {
        self.connection = connection
        self.store = store
    }
}

/// What a lane's hash says about the node that holds it, for people.
enum NodeName {
    static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    static var processID: Int32 { getpid() }
}

/// Where the last replies say, or may say, that there is something to claim.
struct WorkHints {
    var events = false
    var deliveries = false
    var suspects = false

    /// A wake token, or a tick that saw work, tells nothing more.
    mutating func somethingWaits() {
        events = true
        deliveries = true
    }
}
