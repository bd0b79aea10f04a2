/// Pauses that double from one failure to the next, with jitter, up to a limit.
struct Backoff {
    let first: Milliseconds
    let limit: Milliseconds
    private var failures = 0

    init(first: Milliseconds, limit: Milliseconds) {
        self.first = first
        self.limit = limit
    }

    /// The pause after one more failure: between half of its step and the whole of it.
    mutating func next() -> Milliseconds {
        let step = min(limit.count, first.count << Int64(min(failures, 20)))
        failures += 1
        return Milliseconds(Int64.random(in: (step + 1) / 2...step))
    }

    mutating func reset() { failures = 0 }
}
