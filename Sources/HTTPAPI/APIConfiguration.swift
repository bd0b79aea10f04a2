package import CoreMetrics
package import RedisClient
package import WebhookModel
package import WebhookStore

/// The settings of an API node, each with its default.
package struct APIConfiguration: Sendable {
    /// The address that is listened on (`WEBHOOKS_LISTEN`).
    package var host = "127.0.0.1"
    /// The TCP port; 0 takes a free one, which ``APINode/port`` tells.
    package var port = 8080
    /// Where Redis is. Its command timeout is the time that one request may spend waiting for Redis in all.
    package var redis: RedisConfiguration
    package var limits = StoreLimits()
    /// What encrypts and decrypts the secrets of webhooks (`WEBHOOKS_ENCRYPTION_KEYS`).
    package var secrets = SecretBox.plain
    /// Entities that events and patterns may name (`WEBHOOKS_ENTITIES`).
    package var entities = EntityCatalog.standard
    /// Whether `http` targets may be registered (`WEBHOOKS_ALLOW_HTTP_TARGETS`).
    package var allowsHTTPTargets = false
    /// Whether private addresses and internal names may be registered (`WEBHOOKS_ALLOW_PRIVATE_TARGETS`).
    package var allowsPrivateTargets = false
    /// Open connections; more wait to be accepted (`WEBHOOKS_MAX_CONNECTIONS`).
    package var maximumConnections = 10_000
    /// Requests that are worked on at once; more are answered 503.
    package var maximumRequests = 4096
    /// Bytes of request bodies that the node holds at once; more are answered 503.
    package var maximumBodyBytes = 256 << 20
    /// How long a connection may be silent between requests, and how long the head of one may take.
    package var idleTimeout = Duration.seconds(30)
    /// How long the body of a request may take.
    package var bodyTimeout = Duration.seconds(10)
    /// How long running requests may take after the node was told to stop.
    package var stopTimeout = Duration.seconds(20)

    /// Where the node counts; nowhere unless it is set.
    package var metrics: any MetricsFactory = NOOPMetricsHandler.instance
    /// Requests under `/rest/webhooks` a second and key; ten times as many may come at once; 0 for no limit
    /// (`WEBHOOKS_MANAGEMENT_RATE`).
    package var managementRate = 100
    /// Events a second and key; ten times as many may come at once; 0 for no limit (`WEBHOOKS_EVENT_RATE`).
    package var eventRate = 0
    /// Failed authentications a second and peer; thirty times as many may come at once; 0 for no limit
    /// (`WEBHOOKS_AUTH_FAILURE_RATE`).
    package var authFailureRate = 10
    /// Proxies whose `X-Forwarded-For` is believed (`WEBHOOKS_TRUSTED_PROXIES`).
    package var trustedProxies: [AddressBlock] = []

    package init(redis: RedisConfiguration) {
        self.redis = redis
    }
}

extension APIConfiguration {
    /// The largest body of a request under `/rest/webhooks`.
    static let largestManagementBody = 64 << 10
    /// The largest body of a single event; ``largestBatch`` of several.
    static let largestEvent = 256 << 10
    static let largestBatch = 4 << 20
}
