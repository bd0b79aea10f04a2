/// Which commands read a setting.
struct SettingUse: OptionSet, Sendable {
    let rawValue: Int
    static let api = SettingUse(rawValue: 1)
    static let delivery = SettingUse(rawValue: 2)
    /// Commands that only talk to Redis: keys, dead, top, endpoints, events, doctor.
    static let tools = SettingUse(rawValue: 4)
    static let doctor = SettingUse(rawValue: 8)
    /// `secrets reencrypt`.
    static let secrets = SettingUse(rawValue: 16)
    static let nodes: SettingUse = [.api, .delivery]
    static let all: SettingUse = [.api, .delivery, .tools, .doctor, .secrets]
}

/// One environment variable: the single place that spells its name, default and meaning.
struct Setting: Sendable, Hashable {
    /// Without `WEBHOOKS_`.
    let shortName: String
    /// As it would be written; empty for none.
    let defaultText: String
    let help: String
    let uses: Int
    let isSecret: Bool

    init(_ shortName: String, _ defaultText: String, _ help: String, _ uses: SettingUse, isSecret: Bool = false) {
        self.shortName = shortName
        self.defaultText = defaultText
        self.help = help
        self.uses = uses.rawValue
        self.isSecret = isSecret
    }

    static let namePrefix = "WEBHOOKS_"
    var name: String { Self.namePrefix + shortName }
    /// A secret can be in a file instead.
    var fileName: String { name + "_FILE" }
    func isUsed(by use: SettingUse) -> Bool { !SettingUse(rawValue: uses).isDisjoint(with: use) }
}

extension Setting {
    static let redisURL = Setting(
        "REDIS_URL", "redis://127.0.0.1:6379/0",
        "Where Redis is: redis://user:password@host:port/db, rediss://... (TLS), unix:///path", .all, isSecret: true)
    static let redisPassword = Setting(
        "REDIS_PASSWORD", "", "The password, where it does not stand in the URL", .all, isSecret: true)
    static let redisTimeout = Setting("REDIS_TIMEOUT", "2s", "How long a command waits for its reply", .all)
    static let redisCAFile = Setting(
        "REDIS_CA_FILE", "", "PEM file of the authorities trusted for rediss://, instead of the system's", .all)
    static let encryptionKeys = Setting(
        "ENCRYPTION_KEYS", "",
        "Keys of webhook secrets at rest: <id>:<base64 of 32 bytes>, several separated by commas; the first encrypts, all decrypt",
        [.api, .delivery, .secrets], isSecret: true)
    static let listen = Setting("LISTEN", "127.0.0.1:8080", "Where the API listens", .api)
    static let metricsListen = Setting(
        "METRICS_LISTEN", "127.0.0.1:9464",
        "Where a node answers /metrics, /health/live and /health/ready to operators; an API node only when it is set",
        .nodes)
    static let maxConnections = Setting("MAX_CONNECTIONS", "10000", "Open connections of an API node", .api)
    static let managementRate = Setting(
        "MANAGEMENT_RATE", "100",
        "Management requests a second of an API key on a node, ten times that at once; 0 = no limit",
        .api)
    static let eventRate = Setting(
        "EVENT_RATE", "0", "Events a second of an API key on a node, ten times that at once; 0 = no limit", .api)
    static let authFailureRate = Setting(
        "AUTH_FAILURE_RATE", "10",
        "Failed authentications a second of a peer on a node, thirty times that at once; 0 = no limit", .api)
    static let trustedProxies = Setting(
        "TRUSTED_PROXIES", "", "Addresses or blocks (10.0.0.0/8) whose X-Forwarded-For is believed, comma separated",
        .api)
    static let retryDelays = Setting(
        "RETRY_DELAYS", "30s,5m,50m", "Delays before the retries, as many as there are retries; up to 20 % is added",
        .delivery)
    static let attemptTimeout = Setting(
        "ATTEMPT_TIMEOUT", "10s", "One attempt in all: DNS, connection, TLS, request, response head", .delivery)
    static let lease = Setting(
        "LEASE", "15s", "How long a silent node keeps its work; at least the attempt timeout + 4s",
        [.delivery, .doctor])
    static let endpointConcurrency = Setting(
        "ENDPOINT_CONCURRENCY", "16", "Attempts in flight of one webhook, over all nodes", .nodes)
    static let maxInFlight = Setting("MAX_IN_FLIGHT", "1024", "Attempts in flight of a node", .delivery)
    static let hostConcurrency = Setting(
        "HOST_CONCURRENCY", "128", "Attempts in flight of a node to one host and port, over all workspaces", .delivery)
    static let dnsTimeout = Setting("DNS_TIMEOUT", "2s", "How long a name lookup may take", .delivery)
    static let deadRetention = Setting("DEAD_RETENTION", "7d", "How long dead letters are kept", .delivery)
    static let maxBacklog = Setting(
        "MAX_BACKLOG", "1000000", "Open items in all: events before fan-out, deliveries not final", .nodes)
    static let maxWorkspaceBacklog = Setting(
        "MAX_WORKSPACE_BACKLOG", "300000",
        "Open items of a workspace, and never more than half of what is left in all", .nodes)
    static let maxEndpointBacklog = Setting(
        "MAX_ENDPOINT_BACKLOG", "100000", "What may wait for one webhook; more becomes a dead letter", .delivery)
    static let maxWorkspaceBytes = Setting(
        "MAX_WORKSPACE_BYTES", "1073741824", "Bytes of a workspace's stored events, dead letters included", .nodes)
    static let maxDead = Setting("MAX_DEAD", "100000", "Dead letters of a webhook; the oldest go first", .delivery)
    static let maxWebhooks = Setting("MAX_WEBHOOKS", "10000", "Webhooks of a workspace", .api)
    static let allowHTTPTargets = Setting(
        "ALLOW_HTTP_TARGETS", "false", "Development: webhooks may use http", .nodes)
    static let allowPrivateTargets = Setting(
        "ALLOW_PRIVATE_TARGETS", "false", "Development: webhooks may point at private addresses and names", .nodes)
    static let signatures = Setting(
        "SIGNATURES", "standard", "Signature schemes: standard, or standard,twenty", .delivery)
    static let entities = Setting(
        "ENTITIES", "", "More entities than company, people, opportunity and task, comma separated", .nodes)
    static let targetCAFile = Setting(
        "TARGET_CA_FILE", "", "PEM file of authorities trusted for targets beside the system's", .delivery)
    static let logLevel = Setting(
        "LOG_LEVEL", "info", "trace, debug, info, notice, warning, error or critical", .all)
    static let logFormat = Setting(
        "LOG_FORMAT", "", "json or text; by default text on a terminal and json elsewhere", .all)

    static let table: [Setting] = [
        redisURL, redisPassword, redisTimeout, redisCAFile, encryptionKeys, listen, metricsListen, maxConnections,
        managementRate, eventRate, authFailureRate, trustedProxies, retryDelays,
        attemptTimeout, lease, endpointConcurrency, maxInFlight, hostConcurrency, dnsTimeout, deadRetention,
        maxBacklog, maxWorkspaceBacklog, maxEndpointBacklog, maxWorkspaceBytes, maxDead, maxWebhooks,
        allowHTTPTargets, allowPrivateTargets, signatures, entities, targetCAFile, logLevel, logFormat,
    ]
}
