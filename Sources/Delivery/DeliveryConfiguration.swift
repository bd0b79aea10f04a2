package import CoreMetrics
package import RedisClient
package import WebhookModel
package import WebhookStore

/// What a delivery node is set to. The defaults are the product's.
package struct DeliveryConfiguration: Sendable {
    package var redis: RedisConfiguration
    package var sender: HTTPSenderConfiguration
    package var limits = StoreLimits()
    /// What decrypts the secrets of webhooks (`WEBHOOKS_ENCRYPTION_KEYS`).
    package var secrets = SecretBox.plain
    /// How long a lane lives without a renewal (`WEBHOOKS_LEASE`); at least the attempt timeout and 4 s.
    package var lease = Duration.seconds(15)
    package var retrySchedule = RetrySchedule.standard
    /// Attempts in flight and tokens in memory (`WEBHOOKS_MAX_IN_FLIGHT`).
    package var maximumInFlight = 1024
    /// Bytes of event bodies in memory.
    package var maximumBodyBytes = 64 << 20
    /// Webhooks whose subscriptions are kept in memory.
    package var maximumCachedWebhooks = 100_000
    package var signatureSchemes = SignatureSchemes.standard
    /// The version of the program, as lanes and the user agent show it.
    package var version: String
    /// Where the node counts; nowhere unless it is set.
    package var metrics: any MetricsFactory = NOOPMetricsHandler.instance

    package init(redis: RedisConfiguration, targets: TargetPolicy, version: String) {
        self.redis = redis
        sender = HTTPSenderConfiguration(targets: targets)
        self.version = version
    }

    /// One hard limit over an attempt (`WEBHOOKS_ATTEMPT_TIMEOUT`).
    package var attemptTimeout: Duration {
        get { sender.attemptTimeout }
        set { sender.attemptTimeout = newValue }
    }

    var userAgent: String { "Dalil-Webhooks/\(version)" }
}
