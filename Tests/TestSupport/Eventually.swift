/// What a test waited for and did not see.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String
}

/// Waits until `condition` holds, looking every few milliseconds, and throws when `limit` has passed.
package func eventually(
    within limit: Duration = .seconds(10), _ what: @autoclosure () -> String,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var pause = Duration.milliseconds(1)
    while try await !condition() {
        guard clock.now < end else { throw NotInTime(description: "not within \(limit): \(what())") }
        try await clock.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}

/// Like ``eventually(within:_:_:)`` for a value that is there in the end.
package func eventuallyValue<Value>(
    within limit: Duration = .seconds(10), _ what: @autoclosure () -> String,
    _ find: () async throws -> Value?
) async throws -> Value {
    var found: Value?
    try await eventually(within: limit, what()) {
        found = try await find()
        return found != nil
    }
    guard let found else { throw NotInTime(description: what()) }
    return found
}

/// Proves an absence: `condition` stays true for the whole of `quiet`.
package func throughout(
    _ quiet: Duration, _ what: @autoclosure () -> String, _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + quiet
    while clock.now < end {
        guard try await condition() else { throw NotInTime(description: "did not hold for \(quiet): \(what())") }
        try await clock.sleep(for: .milliseconds(10))
    }
}
