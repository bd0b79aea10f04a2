import Synchronization

/// What one connection may ask of the node.
struct ServerLimits: Sendable {
    /// The request target in bytes; a longer one is answered 414.
    static let largestTarget = 8 << 10
    /// Names and values of all header fields in bytes; more is answered 431.
    static let largestHeader = 16 << 10
    static let mostHeaderFields = 100
    /// What the parser takes before it gives up by itself: enough to tell which of the two was too long.
    static let largestHead = 32 << 10

    var idleTimeout = Duration.seconds(30)
    var bodyTimeout = Duration.seconds(10)
    /// How long a connection is still read after its last answer, so that the answer is not lost to a reset.
    var lingerTime = Duration.seconds(1)
    /// How many bytes are read and dropped in that time.
    var lingerBytes = 1 << 20
    var maximumRequests = 4096
    var maximumBodyBytes = 256 << 20
}

/// What the connections of a node hold together.
final class ServerLoad: Sendable {
    private let requests = Atomic<Int>(0)
    private let bodyBytes = Atomic<Int>(0)
    private let maximumRequests: Int
    private let maximumBodyBytes: Int

    init(maximumRequests: Int, maximumBodyBytes: Int) {
        self.maximumRequests = maximumRequests
        self.maximumBodyBytes = maximumBodyBytes
    }

    /// Requests that are not answered yet.
    var requestsInFlight: Int { requests.load(ordering: .relaxed) }
    /// Bytes of their bodies, announced or read.
    var bodyBytesInFlight: Int { bodyBytes.load(ordering: .relaxed) }

    /// False when there are as many as there may be.
    func beginRequest() -> Bool { take(1, from: requests, upTo: maximumRequests) }

    func endRequests(_ count: Int) { _ = requests.subtract(count, ordering: .relaxed) }

    /// Reserves room for a part of a body; false when there is none.
    func reserve(_ bytes: Int) -> Bool { take(bytes, from: bodyBytes, upTo: maximumBodyBytes) }

    func release(_ bytes: Int) { _ = bodyBytes.subtract(bytes, ordering: .relaxed) }

    private func take(_ amount: Int, from counter: borrowing Atomic<Int>, upTo maximum: Int) -> Bool {
        guard counter.add(amount, ordering: .relaxed).newValue > maximum else { return true }
        _ = counter.subtract(amount, ordering: .relaxed)
        return false
    }
}
