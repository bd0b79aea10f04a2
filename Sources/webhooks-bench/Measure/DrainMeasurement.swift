import RedisClient

/// Watches until everything that was stored is final, and says how fast that went and what it cost.
struct DrainMeasurement: Sendable {
    /// Deliveries between the first look that saw one and the end.
    let deliveries: Int
    let notDelivered: Int
    let seconds: Double
    /// CPU seconds in that time, by process as given.
    let cpu: [Double]
    let redis: RedisAccounting

    var rate: Double { Double(deliveries) / seconds }

    /// Microseconds of CPU a delivery of one of the processes.
    func microseconds(_ index: Int) -> Double { cpu[index] * 1_000_000 / Double(max(1, deliveries)) }

    /// - Parameters:
    ///   - wanted: Deliveries in all.
    ///   - limit: Seconds after which it gives up.
    static func take(
        _ connection: RedisConnection, wanted: Int, processes: [Int32], limit: Int = 300
    ) async throws -> DrainMeasurement {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(limit)
        // The clock starts with the first deliveries: starting a process is not what is measured.
        var first = 0
        while first == 0 {
            guard clock.now < end else { throw BenchFailure("nothing was delivered within \(limit) s") }
            first = try await totals(connection)["delivered"] ?? 0
            if first == 0 { try await clock.sleep(for: .milliseconds(2)) }
        }
        let start = clock.now
        let before = processes.map(cpuSeconds)
        let redisBefore = try await RedisAccounting.read(connection)
        var delivered = first
        var final = first
        while final < wanted {
            guard clock.now < end else {
                throw BenchFailure("\(final) of \(wanted) final within \(limit) s: \(try await totals(connection))")
            }
            try await clock.sleep(for: .milliseconds(20))
            let now = try await totals(connection)
            delivered = now["delivered"] ?? 0
            final = delivered + (now["dead"] ?? 0) + (now["dropped"] ?? 0)
        }
        let seconds = (clock.now - start) / .seconds(1)
        let redis = try await RedisAccounting.read(connection) - redisBefore
        return DrainMeasurement(
            deliveries: delivered - first, notDelivered: final - delivered, seconds: seconds,
            cpu: zip(processes, before).map { cpuSeconds($0) - $1 }, redis: redis)
    }
}
