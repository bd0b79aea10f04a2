/// What can carry a command to Redis and its reply back.
package protocol RedisExecutor: Sendable {
    /// Sends one command.
    ///
    /// - Parameter timeout: How long to wait for the reply; nil for the configured time.
    /// - Throws: ``RedisError``; an error reply as ``RedisError/server(_:)``.
    func execute(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RedisValue
}

extension RedisExecutor {
    package func execute(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await execute(command, timeout: nil)
    }

    /// Runs a script by its hash. Where Redis does not know it, loads it and sends it again: it did not run before.
    package func evaluate(
        _ script: RedisScript, keys: [String], arguments: RedisArguments, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        var words = RedisArguments(
            capacity: arguments.bytes.count + keys.reduce(64) { $0 + $1.utf8.count },
            count: arguments.count + keys.count + 3)
        words.append(script.isReadOnly ? "EVALSHA_RO" : "EVALSHA" as StaticString)
        words.append(script.sha1)
        words.append(keys.count)
        for key in keys { words.append(key) }
        words.append(contentsOf: arguments)
        let command = RedisCommand(arguments: words)
        do {
            return try await execute(command, timeout: timeout)
        } catch {
            guard error.hasCode("NOSCRIPT") else { throw error }
        }
        var load = RedisCommand("SCRIPT", "LOAD")
        load.arguments.append(script.source)
        _ = try await execute(load, timeout: timeout)
        return try await execute(command, timeout: timeout)
    }
}
