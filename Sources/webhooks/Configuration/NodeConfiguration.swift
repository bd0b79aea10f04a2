import FoundationEssentials
import HTTPAPI
import Logging
import RedisClient
import WebhookModel
import WebhookStore

/// All settings, read once at the start and checked.
struct NodeConfiguration: Sendable {
    var redis: RedisConfiguration
    var listen: ListenAddress
    var metricsListen: ListenAddress
    /// Whether the metrics listener was set: without, an API node has none.
    var isMetricsListenChosen: Bool
    var maximumConnections: Int
    var rates: RateSettings
    var retryDelays: [Duration]
    var attemptTimeout: Duration
    var lease: Duration
    var maximumInFlight: Int
    var hostConcurrency: Int
    var dnsTimeout: Duration
    var limits: StoreLimits
    /// What secrets of webhooks are encrypted and decrypted with.
    var secrets: SecretBox
    var targets: TargetPolicy
    var signatureSchemes: SignatureSchemes
    var entities: EntityCatalog
    var targetCAFile: String?
    var logLevel: Logger.Level
    /// nil: text on a terminal, JSON elsewhere.
    var logFormat: LogFormat?

    /// Reads the environment of this process, and the file for what is not set there.
    static func read(envFile: String?) throws(ConfigurationFailure) -> NodeConfiguration {
        try read(environment: ProcessInfo.processInfo.environment, envFile: envFile)
    }

    /// - Throws: ``ConfigurationFailure`` with all problems at once.
    static func read(
        environment: [String: String], envFile: String? = nil
    ) throws(ConfigurationFailure) -> NodeConfiguration {
        let source = try SettingSource(environment: environment, file: envFile)
        var reading = SettingReading(source)
        for name in source.unknownNames { reading.note("\(name): is no setting of this version") }
        let configuration = reading.configuration()
        guard reading.problems.isEmpty, let configuration else {
            throw ConfigurationFailure(problems: reading.problems)
        }
        return configuration
    }
}

/// The rates of an API node, a second; 0 for none.
struct RateSettings: Sendable {
    let management: Int
    let events: Int
    let authFailures: Int
    /// Whose word on the peer is believed.
    let trustedProxies: [AddressBlock]
}
