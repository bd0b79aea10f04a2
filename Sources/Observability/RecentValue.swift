/// A value that costs something to find: found at most once in a time, however many ask.
actor RecentValue<Value: Sendable> {
    private let life: Duration
    private let find: @Sendable () async -> Value
    private var kept: (value: Value, until: ContinuousClock.Instant)?
    private var search: Task<Value, Never>?

    init(life: Duration, find: @escaping @Sendable () async -> Value) {
        self.life = life
        self.find = find
    }

    func value() async -> Value {
        if let kept, .now < kept.until { return kept.value }
        if let search { return await search.value }
        let search = Task { [find] in await find() }
        self.search = search
        let value = await search.value
        self.search = nil
        kept = (value, .now + life)
        return value
    }
}
