import FoundationEssentials
import Logging
import RedisClient
import TestSupport
import Testing
import WebhookStore

@testable import webhooks

@Suite struct `Settings` {
    @Test func `an empty environment gives the defaults of the table`() throws {
        let configuration = try NodeConfiguration.read(environment: [:])
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(configuration.retryDelays == [.seconds(30), .seconds(300), .seconds(3000)])
        #expect(configuration.limits.maximumBacklog == 1_000_000)
        #expect(configuration.logLevel == .info)
        #expect(configuration.logFormat == nil)
    }

    @Test func `every default of the table means the same as its absence`() throws {
        let secret = Set(Setting.table.filter(\.isSecret))
        let spelled = Dictionary(
            uniqueKeysWithValues: Setting.table.filter { !secret.contains($0) }.map { ($0.name, $0.defaultText) })
        var given = try NodeConfiguration.read(environment: spelled)
        let absent = try NodeConfiguration.read(environment: [:])
        // But for this: an API node has a listener for operators only where one is set.
        #expect(given.isMetricsListenChosen && !absent.isMetricsListenChosen)
        given.isMetricsListenChosen = false
        #expect("\(given)" == "\(absent)")
    }

    @Test(arguments: [
        ("WEBHOOKS_REDIS_URL", "ftp://example.com", "the scheme must be redis, rediss or unix"),
        ("WEBHOOKS_REDIS_TIMEOUT", "2", "must be a duration such as"),
        ("WEBHOOKS_REDIS_CA_FILE", "/nowhere.pem", "needs a rediss:// URL"),
        ("WEBHOOKS_LISTEN", "8080", "must be an address and a port"),
        ("WEBHOOKS_LISTEN", "::1:8080", "must have an IPv6 address in brackets"),
        ("WEBHOOKS_LISTEN", "127.0.0.1:+80", "must be an address and a port"),
        ("WEBHOOKS_LISTEN", "127.0.0.1:65536", "must be an address and a port"),
        ("WEBHOOKS_RETRY_DELAYS", "30s,,5m", "must be a duration such as"),
        ("WEBHOOKS_RETRY_DELAYS", "8d", "must be from 1ms to 7d"),
        ("WEBHOOKS_LEASE", "13s", "must be at least WEBHOOKS_ATTEMPT_TIMEOUT + 4s, which is 14s"),
        ("WEBHOOKS_MAX_IN_FLIGHT", "-1", "must be a whole number from 4 to 100000"),
        ("WEBHOOKS_ALLOW_HTTP_TARGETS", "yes", "must be true or false"),
        ("WEBHOOKS_SIGNATURES", "twenty", "must be standard, or standard,twenty"),
        ("WEBHOOKS_ENTITIES", "Note", "is not an entity name"),
        ("WEBHOOKS_LOG_LEVEL", "loud", "must be trace, debug"),
        ("WEBHOOKS_LOG_FORMAT", "xml", "must be json or text"),
        ("WEBHOOKS_REDIS_PASSWORD_FILE", "/nowhere", "cannot be read"),
        ("WEBHOOKS_LISTENN", "127.0.0.1:80", "is no setting of this version"),
        ("WEBHOOKS_LISTEN_FILE", "/etc/hostname", "is no setting of this version"),
    ])
    func `a wrong value is refused with its name and what it can be`(name: String, value: String, says: String) throws {
        let failure = try #require(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: [name: value])
        }
        #expect(failure.problems.count == 1)
        #expect(failure.problems[0].hasPrefix(name))
        #expect(failure.problems[0].contains(says), "\(failure.problems[0])")
    }

    @Test func `every wrong value is named at once`() throws {
        let wrong = [
            "WEBHOOKS_LISTEN": "x", "WEBHOOKS_LEASE": "1y", "WEBHOOKS_MAX_DEAD": "0", "WEBHOOKS_MAX_WEBHOOKS": "many",
            "WEBHOOKS_NOTHING": "1",
        ]
        let failure = try #require(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: wrong)
        }
        for name in wrong.keys {
            #expect(failure.problems.contains { $0.hasPrefix(name) }, "\(name) in \(failure.problems)")
        }
        #expect(failure.problems.count == wrong.count)
    }

    @Test func `no problem quotes a secret`() throws {
        let failure = try #require(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: [
                "WEBHOOKS_REDIS_URL": "redis://user:canary@host:0", "WEBHOOKS_REDIS_PASSWORD": "canary",
            ])
        }
        #expect(!failure.description.contains("canary"))
        let configuration = try NodeConfiguration.read(environment: [
            "WEBHOOKS_REDIS_URL": "redis://user:canary@host:6379"
        ])
        #expect(configuration.redis.password?.text == "canary")
        #expect(!"\(configuration)".contains("canary"))
    }

    @Test func `a password in the URL and one beside it are one too many`() throws {
        let failure = try #require(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: [
                "WEBHOOKS_REDIS_URL": "redis://user:one@host:6379", "WEBHOOKS_REDIS_PASSWORD": "two",
            ])
        }
        #expect(failure.problems == ["WEBHOOKS_REDIS_PASSWORD is set, and WEBHOOKS_REDIS_URL has a password too"])
    }

    @Test func `a secret is read from a file, less its last line break`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/password"
        try Data("pass word\n".utf8).write(to: URL(filePath: path))
        let configuration = try NodeConfiguration.read(environment: ["WEBHOOKS_REDIS_PASSWORD_FILE": path])
        #expect(configuration.redis.password?.text == "pass word")
        #expect(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: [
                "WEBHOOKS_REDIS_PASSWORD_FILE": path, "WEBHOOKS_REDIS_PASSWORD": "x",
            ])
        }
    }

    @Test func `a file of authorities that cannot be used is a wrong setting`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/ca.pem"
        try Data("no certificate".utf8).write(to: URL(filePath: path))
        for file in [path, "/nowhere.pem"] {
            let failure = try #require(throws: ConfigurationFailure.self) {
                try NodeConfiguration.read(environment: [
                    "WEBHOOKS_REDIS_URL": "rediss://localhost:6379", "WEBHOOKS_REDIS_CA_FILE": file,
                ])
            }
            #expect(failure.problems[0].hasPrefix("WEBHOOKS_REDIS_CA_FILE=\(file): cannot be used"))
        }
    }

    @Test func `the environment goes before the file, and both must name known settings`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/node.env"
        try Data("# a node\n\nWEBHOOKS_LISTEN=0.0.0.0:81\r\n  WEBHOOKS_MAX_DEAD = 7 \nOTHER=1\n".utf8)
            .write(to: URL(filePath: path))
        let configuration = try NodeConfiguration.read(
            environment: ["WEBHOOKS_LISTEN": "[::1]:82"], envFile: path)
        #expect(configuration.listen == ListenAddress(host: "::1", port: 82))
        #expect(configuration.limits.maximumDeadLetters == 7)
        try Data("WEBHOOKS_NOTHING=1\n".utf8).write(to: URL(filePath: path))
        #expect(throws: ConfigurationFailure.self) { try NodeConfiguration.read(environment: [:], envFile: path) }
        #expect(throws: ConfigurationFailure.self) {
            try NodeConfiguration.read(environment: [:], envFile: "\(directory.path)/none.env")
        }
    }
}

@Suite struct `A file of settings` {
    @Test(arguments: [
        ("export WEBHOOKS_LISTEN=x", "line 1: must read NAME=value, with nothing before the name"),
        ("WEBHOOKS_LISTEN", "line 1: must read NAME=value"),
        ("\n=x", "line 2: must read NAME=value, with nothing before the name"),
        ("9A=x", "line 1: must read NAME=value, with nothing before the name"),
        (#"A="x""#, "line 1: A is quoted, and the quotes would be part of the value: write it without"),
        ("A=1\nA=2", "line 2: A stands in the file twice"),
    ])
    func `a line that would be misread is refused`(text: String, problem: String) {
        #expect(EnvFile(text).problems == [problem])
    }

    @Test func `values keep their equals signs and inner quotes`() {
        let file = EnvFile("URL=redis://u:p=w@h:1\nEMPTY=\n# A=1\nB=it's \"so\"")
        #expect(file.problems.isEmpty)
        #expect(file.values == ["URL": "redis://u:p=w@h:1", "EMPTY": "", "B": "it's \"so\""])
    }
}

@Suite struct `How settings are written` {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
        ("7d", .seconds(604_800)), ("0s", .zero),
    ])
    func `durations are whole numbers with a unit`(text: String, duration: Duration) throws {
        #expect(try SettingText.duration(text, .zero ... .seconds(604_800)) == duration)
    }

    @Test(arguments: ["", "s", "10", "-1s", "1.5s", "10S", "1 s", "٣s", "1w", "99999999999d"])
    func `anything else is no duration`(text: String) {
        #expect(throws: SettingProblem.self) { try SettingText.duration(text, .zero ... .seconds(604_800)) }
    }

    @Test func `a duration is written the shortest way`() {
        #expect(SettingText.write(.milliseconds(1500)) == "1500ms")
        #expect(SettingText.write(.seconds(90)) == "90s")
        #expect(SettingText.write(.seconds(172_800)) == "2d")
        #expect(SettingText.write(.zero) == "0ms")
    }

    @Test(arguments: ["", "+1", "1e3", "0x10", " 1", "1 ", "٣", "101"])
    func `whole numbers are digits within their range`(text: String) {
        #expect(throws: SettingProblem.self) { try SettingText.integer(text, 0...100) }
    }
}
