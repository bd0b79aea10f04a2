import FoundationEssentials
import HTTPAPI
import Logging
import RedisClient
import WebhookModel
import WebhookStore

/// Reads settings one by one and remembers what is wrong.
struct SettingReading {
    private let source: SettingSource
    private(set) var problems: [String] = []

    init(_ source: SettingSource) { self.source = source }

    mutating func note(_ problem: String) { problems.append(problem) }

    /// The text of a setting, its default when it is not set.
    mutating func text(_ setting: Setting) -> String {
        if setting.isSecret, let path = source.text(setting.fileName), !path.isEmpty {
            if source.text(setting.name) != nil { note("\(setting.name) and \(setting.fileName) are both set") }
            guard let data = FileManager.default.contents(atPath: path) else {
                note("\(setting.fileName)=\(path): cannot be read")
                return setting.defaultText
            }
            let text = String(decoding: data, as: UTF8.self)
            return String(text.reversed().drop { $0.isNewline }.reversed())
        }
        return source.text(setting.name) ?? setting.defaultText
    }

    /// The value of a setting; nil when it is wrong, which is noted.
    mutating func value<Value>(_ setting: Setting, _ parse: (String) throws(SettingProblem) -> Value) -> Value? {
        let text = text(setting)
        do throws(SettingProblem) {
            return try parse(text)
        } catch {
            note(setting.isSecret ? "\(setting.name): \(error)" : "\(setting.name)=\(text): \(error)")
            return nil
        }
    }

    private mutating func integer(_ setting: Setting, _ range: ClosedRange<Int>) -> Int? {
        value(setting) { (text) throws(SettingProblem) in try SettingText.integer(text, range) }
    }

    private mutating func duration(_ setting: Setting, _ range: ClosedRange<Duration>) -> Duration? {
        value(setting) { (text) throws(SettingProblem) in try SettingText.duration(text, range) }
    }

    private mutating func flag(_ setting: Setting) -> Bool? {
        value(setting) { (text) throws(SettingProblem) in try SettingText.flag(text) }
    }

    private mutating func address(_ setting: Setting) -> ListenAddress? {
        value(setting) { (text) throws(SettingProblem) in try SettingText.address(text) }
    }

    mutating func configuration() -> NodeConfiguration? {
        let redis = redis()
        let listen = address(.listen)
        let metricsListen = address(.metricsListen)
        let maximumConnections = integer(.maxConnections, 1...1_000_000)
        let rates = rates()
        let timing = timing()
        let maximumInFlight = integer(.maxInFlight, 4...100_000)
        let hostConcurrency = integer(.hostConcurrency, 1...100_000)
        let dnsTimeout = duration(.dnsTimeout, .milliseconds(10) ... .seconds(60))
        let limits = limits()
        let secrets = secrets()
        let allowHTTP = flag(.allowHTTPTargets)
        let allowPrivate = flag(.allowPrivateTargets)
        let schemes = signatures()
        let entities = entities()
        let targetCAFile = text(.targetCAFile)
        let level = value(.logLevel) { (text) throws(SettingProblem) in
            guard let level = Logger.Level(rawValue: text) else {
                throw SettingProblem("must be trace, debug, info, notice, warning, error or critical")
            }
            return level
        }
        let format = logFormat()
        guard let redis, let listen, let metricsListen, let maximumConnections, let rates, let timing,
            let maximumInFlight, let hostConcurrency, let dnsTimeout, let limits, let secrets, let allowHTTP,
            let allowPrivate, let schemes,
            let entities, let level, let format
        else { return nil }
        return NodeConfiguration(
            redis: redis, listen: listen, metricsListen: metricsListen,
            isMetricsListenChosen: source.text(Setting.metricsListen.name) != nil,
            maximumConnections: maximumConnections, rates: rates,
            retryDelays: timing.retryDelays, attemptTimeout: timing.attemptTimeout, lease: timing.lease,
            maximumInFlight: maximumInFlight, hostConcurrency: hostConcurrency, dnsTimeout: dnsTimeout,
            limits: limits, secrets: secrets, targets: TargetPolicy(allowsHTTP: allowHTTP, allowsPrivate: allowPrivate),
            signatureSchemes: schemes, entities: entities,
            targetCAFile: targetCAFile.isEmpty ? nil : targetCAFile, logLevel: level, logFormat: format.format)
    }

    private mutating func redis() -> RedisConfiguration? {
        var configuration = value(.redisURL) { (text) throws(SettingProblem) in
            do throws(RedisURLError) {
                return try RedisConfiguration(url: text)
            } catch {
                throw SettingProblem(error.description)
            }
        }
        let password = text(.redisPassword)
        if !password.isEmpty {
            if configuration?.password != nil {
                note("\(Setting.redisPassword.name) is set, and \(Setting.redisURL.name) has a password too")
            }
            configuration?.password = RedisPassword(password)
        }
        if let configuration, configuration.username != nil, configuration.password == nil {
            note("\(Setting.redisURL.name) names a user: \(Setting.redisPassword.name) is missing")
        }
        if let timeout = duration(.redisTimeout, .milliseconds(50) ... .seconds(60)) {
            configuration?.commandTimeout = timeout
            configuration?.connectTimeout = timeout
        }
        let caFile = text(.redisCAFile)
        if !caFile.isEmpty {
            if configuration?.tls != nil {
                let tls = RedisTLS(caFile: caFile)
                do {
                    try tls.check()
                } catch {
                    note("\(Setting.redisCAFile.name)=\(caFile): cannot be used: \(error)")
                }
                configuration?.tls = tls
            } else if configuration != nil {
                note("\(Setting.redisCAFile.name) needs a rediss:// URL")
            }
        }
        return configuration
    }

    private mutating func timing() -> (retryDelays: [Duration], attemptTimeout: Duration, lease: Duration)? {
        let delays = value(.retryDelays) { (text) throws(SettingProblem) in
            let parts = SettingText.list(text)
            guard parts.count <= 20 else { throw SettingProblem("must be at most 20 delays") }
            var delays: [Duration] = []
            for part in parts {
                delays.append(try SettingText.duration(part, .milliseconds(1) ... .seconds(7 * 86_400)))
            }
            return delays
        }
        let attempt = duration(.attemptTimeout, .milliseconds(100) ... .seconds(300))
        let lease = duration(.lease, .seconds(1) ... .seconds(3600))
        if let attempt, let lease, lease < attempt + .seconds(4) {
            note(
                "\(Setting.lease.name)=\(SettingText.write(lease)): must be at least \(Setting.attemptTimeout.name) + 4s, "
                    + "which is \(SettingText.write(attempt + .seconds(4)))")
            return nil
        }
        guard let delays, let attempt, let lease else { return nil }
        return (delays, attempt, lease)
    }

    private mutating func secrets() -> SecretBox? {
        value(.encryptionKeys) { (text) throws(SettingProblem) in
            if text.isEmpty { return .plain }
            do throws(SecretBox.Problem) {
                return try SecretBox(text)
            } catch {
                throw SettingProblem(error.description)
            }
        }
    }

    private mutating func limits() -> StoreLimits? {
        var limits = StoreLimits()
        let many = 1...1_000_000_000
        let values = [
            integer(.endpointConcurrency, 1...10_000), integer(.maxBacklog, many), integer(.maxWorkspaceBacklog, many),
            integer(.maxEndpointBacklog, many), integer(.maxWorkspaceBytes, 1_048_576...(1 << 50)),
            integer(.maxDead, 1...10_000_000), integer(.maxWebhooks, 1...1_000_000),
        ].compactMap { $0 }
        let retention = duration(.deadRetention, .seconds(60) ... .seconds(365 * 86_400))
        guard values.count == 7, let retention else { return nil }
        limits.endpointConcurrency = values[0]
        limits.maximumBacklog = values[1]
        limits.maximumWorkspaceBacklog = values[2]
        limits.maximumEndpointBacklog = values[3]
        limits.maximumWorkspaceBytes = values[4]
        limits.maximumDeadLetters = values[5]
        limits.maximumWebhooks = values[6]
        limits.deadRetention = retention
        return limits
    }

    private mutating func rates() -> RateSettings? {
        let many = 0...1_000_000
        let management = integer(.managementRate, many)
        let events = integer(.eventRate, many)
        let failures = integer(.authFailureRate, many)
        let proxies = value(.trustedProxies) { (text) throws(SettingProblem) in
            var blocks: [AddressBlock] = []
            for part in SettingText.list(text) {
                guard let block = AddressBlock(part) else {
                    throw SettingProblem("must be addresses or blocks such as 10.0.0.0/8, comma separated")
                }
                blocks.append(block)
            }
            return blocks
        }
        guard let management, let events, let failures, let proxies else { return nil }
        return RateSettings(
            management: management, events: events, authFailures: failures, trustedProxies: proxies)
    }

    private mutating func signatures() -> SignatureSchemes? {
        value(.signatures) { (text) throws(SettingProblem) in
            guard let schemes = SignatureSchemes(text) else {
                throw SettingProblem("must be standard, or standard,twenty")
            }
            return schemes
        }
    }

    private mutating func entities() -> EntityCatalog? {
        value(.entities) { (text) throws(SettingProblem) in
            do throws(EntityCatalog.Problem) {
                return try EntityCatalog(additional: SettingText.list(text))
            } catch {
                throw SettingProblem(error.description)
            }
        }
    }

    /// A value around the optional, so that nil stays "wrong".
    private mutating func logFormat() -> (format: LogFormat?, Void)? {
        value(.logFormat) { (text) throws(SettingProblem) in
            if text.isEmpty { return (nil, ()) }
            guard let format = LogFormat(rawValue: text) else { throw SettingProblem("must be json or text") }
            return (format, ())
        }
    }
}
