import ArgumentParser
import Delivery
import Glibc
import HTTPAPI
import Logging
import RedisClient
import WebhookModel
import WebhookStore

extension NodeConfiguration {
    /// The settings of an API node.
    var api: APIConfiguration {
        var api = APIConfiguration(redis: named("api"))
        api.host = listen.host
        api.port = listen.port
        api.limits = limits
        api.secrets = secrets
        api.entities = entities
        api.allowsHTTPTargets = targets.allowsHTTP
        api.allowsPrivateTargets = targets.allowsPrivate
        api.maximumConnections = maximumConnections
        api.managementRate = rates.management
        api.eventRate = rates.events
        api.authFailureRate = rates.authFailures
        api.trustedProxies = rates.trustedProxies
        return api
    }

    /// The settings of a delivery node.
    var delivery: DeliveryConfiguration {
        var delivery = DeliveryConfiguration(
            redis: named("delivery"), targets: targets, version: ProductVersion.text)
        delivery.limits = limits
        delivery.secrets = secrets
        delivery.retrySchedule = RetrySchedule(delays: retryDelays.map(\.milliseconds))
        delivery.attemptTimeout = attemptTimeout
        delivery.lease = lease
        delivery.maximumInFlight = maximumInFlight
        delivery.signatureSchemes = signatureSchemes
        delivery.sender.hostConcurrency = hostConcurrency
        delivery.sender.dnsTimeout = dnsTimeout
        delivery.sender.certificateAuthorityFile = targetCAFile
        delivery.sender.ownListeners.insert(host: metricsListen.host, port: metricsListen.port)
        return delivery
    }

    /// The connection with a name that tells in `CLIENT LIST` whose it is.
    func named(_ role: String) -> RedisConfiguration {
        var redis = redis
        redis.clientName = "webhooks-\(role)-\(getpid())"
        return redis
    }

    func warnOfDevelopmentSwitches(_ logger: Logger) {
        if targets.allowsHTTP {
            logger.warning(
                "DEVELOPMENT SWITCH ON: webhooks may use http",
                metadata: ["setting": "\(Setting.allowHTTPTargets.name)"])
        }
        if targets.allowsPrivate {
            logger.warning(
                "DEVELOPMENT SWITCH ON: webhooks may point at private addresses of this network",
                metadata: ["setting": "\(Setting.allowPrivateTargets.name)"])
        }
    }

    func warnOfPlainSecrets(_ logger: Logger) {
        guard !secrets.encrypts else { return }
        logger.warning(
            "SECRETS ARE STORED AS THEY ARE: whoever reads Redis, its files or a backup can sign in your name",
            metadata: ["setting": "\(Setting.encryptionKeys.name)"])
    }

    /// One connection for a command's own work.
    ///
    /// Prints why there is none and ends with status 69.
    func connect(logger: Logger) async throws -> RedisConnection {
        do throws(RedisError) {
            return try await RedisConnection.connect(named("tool"), on: toolLoop, logger: logger)
        } catch {
            printError("Redis: \(error)")
            throw ExitStatus.unavailable
        }
    }

    /// Runs a command's work on a shard; an error of the store is printed and ends with status 1 or 69.
    ///
    /// - Parameter missing: What to say when what the command names is not there.
    func withShard<Value: Sendable>(
        missing: String = "not found", _ body: (Shard) async throws(StoreError) -> Value
    ) async throws -> Value {
        let connection = try await connect(
            logger: Logger(label: "webhooks", factory: { _ in SwiftLogNoOpLogHandler() }))
        do throws(StoreError) {
            let value = try await body(Shard(connection, limits: limits, secrets: secrets))
            await connection.close()
            return value
        } catch {
            await connection.close()
            printError(error == .missing ? missing : "\(error)")
            throw error.redisError == nil ? ExitCode.failure : ExitStatus.unavailable
        }
    }
}
