package import RedisClient

/// One Redis with the service's keys, and the settings that its scripts are given.
package struct Shard: Sendable {
    package let executor: any RedisExecutor
    package let keys: StoreKeys
    package let limits: StoreLimits
    /// What secrets of webhooks pass through on their way to Redis and back.
    package let secrets: SecretBox

    package init(
        _ executor: any RedisExecutor, keys: StoreKeys = .shard0, limits: StoreLimits = StoreLimits(),
        secrets: SecretBox = .plain
    ) {
        self.secrets = secrets
        self.executor = executor
        self.keys = keys
        self.limits = limits
    }

    /// The arguments that every script but `ingest` begins with.
    func arguments(capacity: Int = 256, count: Int = 16) -> RedisArguments {
        var arguments = RedisArguments(capacity: capacity + 16, count: count + 2)
        arguments.append(keys.prefix)
        arguments.append(limits.endpointConcurrency)
        return arguments
    }

    /// - Parameter key: A key that the caller's Redis user may touch; one of the shard's own unless it says otherwise.
    func run(
        _ script: RedisScript, _ arguments: RedisArguments, key: String? = nil, timeout: Duration? = nil
    ) async throws(StoreError) -> RedisValue {
        do throws(RedisError) {
            return try await executor.evaluate(
                script, keys: [key ?? keys.version], arguments: arguments, timeout: timeout)
        } catch {
            throw StoreError(error)
        }
    }

    func execute(_ command: RedisCommand) async throws(StoreError) -> RedisValue {
        do throws(RedisError) {
            return try await executor.execute(command)
        } catch {
            throw .redis(error)
        }
    }
}

/// Reads a reply; what does not fit becomes ``StoreError/redis(_:)``.
func decoding<Value>(_ body: () throws(RedisError) -> Value) throws(StoreError) -> Value {
    do throws(RedisError) {
        return try body()
    } catch {
        throw .redis(error)
    }
}
