/// What this node saw of one endpoint in the last minute, in buckets of ten seconds.
///
/// It catches what a count in a row does not: an endpoint that fails every other time.
struct FailureWindow {
    /// How many attempts must be in the window before it says anything.
    static let minimumAttempts = 20
    private static let bucketNanoseconds: Int64 = 10_000_000_000

    private struct Bucket {
        var number: Int64 = -1
        var attempts: UInt32 = 0
        var failures: UInt32 = 0
    }

    private var buckets: InlineArray<6, Bucket> = .init(repeating: Bucket())

    /// Notes one attempt.
    ///
    /// - Returns: whether it failed and with it half of the attempts of the last minute, at least 20, have. The window
    ///   begins anew then, so that it says so once.
    mutating func note(success: Bool, at now: MonotonicTime) -> Bool {
        let number = now.nanoseconds / Self.bucketNanoseconds
        let index = Int(number % 6)
        if buckets[index].number != number { buckets[index] = Bucket(number: number) }
        buckets[index].attempts += 1
        guard !success else { return false }
        buckets[index].failures += 1
        var attempts: UInt32 = 0
        var failures: UInt32 = 0
        for index in buckets.indices where buckets[index].number > number - 6 {
            attempts += buckets[index].attempts
            failures += buckets[index].failures
        }
        guard attempts >= Self.minimumAttempts, failures * 2 >= attempts else { return false }
        buckets = .init(repeating: Bucket())
        return true
    }
}
