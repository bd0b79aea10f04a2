/// The pauses between attempts to connect: they double from 50 ms to 1 s, each shortened at random by up to a half so
/// that many nodes do not come back in the same instant.
package struct Backoff: Sendable {
    private var ceiling = 50

    package init() {}

    package mutating func next() -> Duration {
        defer { ceiling = min(ceiling * 2, 1000) }
        return .milliseconds(Int.random(in: ceiling / 2...ceiling))
    }

    package mutating func reset() { ceiling = 50 }
}
