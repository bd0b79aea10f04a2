/// Follows one answer on one connection, from the request's last byte to the end of the body. A value without I/O: the
/// connection tells it what arrived and does what it says.
struct ResponseExchange {
    /// What the connection must do after an event.
    enum Verdict: Equatable {
        /// Wait for more.
        case none
        /// The answer is complete enough to be the attempt's result. `connection` says what becomes of the connection.
        case answered(connection: Remains)
        /// There is no usable answer: the attempt fails with class `protocol`, the connection closes.
        case violated(StaticString)

        static func == (left: Verdict, right: Verdict) -> Bool {
            switch (left, right) {
            case (.none, .none): true
            case (.answered(let left), .answered(let right)): left == right
            case (.violated(let left), .violated(let right)): left.description == right.description
            default: false
            }
        }
    }

    enum Remains: Equatable {
        /// It may carry another request.
        case reusable
        /// The body is not there yet: read on for a moment, so that the connection can be kept.
        case draining
        case closed
    }

    private enum Phase {
        case awaitingHead
        case body
        case ended
    }

    /// All bytes of the head, status line and 1xx answers included.
    static let maximumHeadBytes = 16 * 1024
    static let maximumBodyBytes = 16 * 1024
    static let maximumExcerptBytes = 256

    private var phase = Phase.awaitingHead
    private var headBytes = 0
    private var bodyBytes = 0
    private var mayReuse = true
    /// The answer's status; 0 before the head.
    private(set) var status: UInt16 = 0
    private(set) var retryAfterMilliseconds: Int64?
    /// The body's first bytes, for answers that are no 2xx.
    private(set) var excerpt: [UInt8] = []

    var hasHead: Bool { phase != .awaitingHead }
    /// Whether any byte of an answer arrived.
    var hasBytes: Bool { headBytes > 0 }
    private var isSuccess: Bool { (200..<300).contains(status) }

    /// Bytes came from the socket and will be parsed now.
    mutating func receivedBytes(_ count: Int) {
        switch phase {
        case .awaitingHead: headBytes += count
        case .body: ()
        case .ended: mayReuse = false  // bytes behind the answer: nobody asked for them
        }
    }

    /// A final head, or 101.
    mutating func receivedHead(status: UInt16, keepAlive: Bool, retryAfterMilliseconds: Int64?) -> Verdict {
        // Bytes behind the answer cost the connection, not the delivery.
        guard phase == .awaitingHead else { return .answered(connection: .closed) }
        guard status >= 200 else {
            return .violated(status == 101 ? "101 without a request for it" : "a status below 200")
        }
        self.status = status
        self.retryAfterMilliseconds = retryAfterMilliseconds
        mayReuse = mayReuse && keepAlive
        phase = .body
        return .none
    }

    /// A part of the body; `copy` gives its first bytes, at most as many as it is asked for.
    mutating func receivedBody(_ count: Int, copy: (_ limit: Int) -> [UInt8]) -> Verdict {
        bodyBytes += count
        if !isSuccess, excerpt.count < Self.maximumExcerptBytes {
            excerpt += copy(Self.maximumExcerptBytes - excerpt.count)
        }
        return bodyBytes > Self.maximumBodyBytes ? .answered(connection: .closed) : .none
    }

    mutating func receivedEnd() { phase = .ended }

    /// All bytes that were there have been parsed. The result waits for this moment, so that an answer that came whole
    /// gives its connection back before the attempt's slot is used again.
    mutating func receivedAll() -> Verdict {
        switch phase {
        case .awaitingHead:
            return headBytes > Self.maximumHeadBytes ? .violated("a response head above 16 KiB") : .none
        case .body:
            let enough = isSuccess || excerpt.count == Self.maximumExcerptBytes
            return enough ? .answered(connection: .draining) : .none
        case .ended:
            return .answered(connection: mayReuse ? .reusable : .closed)
        }
    }
}
