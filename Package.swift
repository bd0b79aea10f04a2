// swift-tools-version:6.2
import PackageDescription

/// One set of strict settings for every target. Tools version 6.2 already means the Swift 6 language mode.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "dalil-webhooks",
    products: [
        .executable(name: "webhooks", targets: ["webhooks"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(
            url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["CommandLineArguments"]),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1",
            traits: ["ConfigurationSupport"]),
    ],
    targets: [
        .systemLibrary(name: "CHiredis"),
        .target(
            name: "RedisClient",
            dependencies: ["CHiredis", nioCore, nioPosix, nioSSL, crypto, collections, logging, coreMetrics],
            swiftSettings: strict),
        .target(name: "WebhookModel", dependencies: [crypto], swiftSettings: strict),
        .target(
            name: "WebhookStore",
            dependencies: ["RedisClient", "WebhookModel", nioCore, crypto, logging],
            resources: [.embedInCode("Scripts")],
            swiftSettings: strict),
        .target(
            name: "Delivery",
            dependencies: [
                "WebhookModel", "WebhookStore", "RedisClient", nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, crypto,
                collections, logging, coreMetrics, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "Observability",
            dependencies: ["WebhookStore", "RedisClient", nioCore, logging, coreMetrics, lifecycle],
            swiftSettings: strict),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "WebhookModel", "WebhookStore", "RedisClient", hummingbird, hummingbirdCore, httpTypes, nioHTTPTypes,
                nioHTTPTypesHTTP1, nioCore, nioHTTP1, nioPosix, crypto, logging, coreMetrics, lifecycle,
            ],
            resources: [.embedInCode("Documentation")],
            swiftSettings: strict),
        .executableTarget(
            name: "webhooks",
            dependencies: [
                "HTTPAPI", "Delivery", "Observability", "WebhookStore", "WebhookModel", "RedisClient", argumentParser,
                configuration,
                subprocess, systemPackage, lifecycle, unixSignals, logging, nioCore, nioPosix, nioHTTP1, crypto,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "webhooks-bench",
            dependencies: [
                "Delivery", "WebhookStore", "WebhookModel", "RedisClient", "TestSupport", argumentParser, histogram,
                hummingbird, httpTypes, nioCore, nioPosix, nioHTTP1, nioSSL, crypto, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "webhooks-probe", dependencies: ["WebhookModel"], path: "Tests/Probe", swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: ["WebhookModel", nioCore, nioPosix, nioHTTP1, nioSSL],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "APIClient", dependencies: ["TestSupport", nioCore, nioHTTP1], path: "Tests/APIClient",
            swiftSettings: strict),
        .target(
            name: "FleetSupport",
            dependencies: [
                "TestSupport", "WebhookModel", "APIClient", "WebhookStore", "RedisClient", nioCore, nioPosix, nioHTTP1,
                logging,
            ],
            path: "Tests/FleetSupport",
            swiftSettings: strict),
        .target(
            name: "FaultHarness",
            dependencies: [
                "FleetSupport", "TestSupport", "WebhookModel", "APIClient", "WebhookStore", "RedisClient", nioCore,
                nioPosix,
                nioHTTP1,
                logging,
            ],
            path: "Tests/FaultHarness",
            swiftSettings: strict),
        .executableTarget(
            name: "webhooks-chaos", dependencies: ["FaultHarness", argumentParser], path: "Tests/Chaos",
            swiftSettings: strict),
        .testTarget(
            name: "RedisClientTests",
            dependencies: ["RedisClient", "TestSupport", nioCore, nioPosix, nioEmbedded, nioSSL, logging],
            swiftSettings: strict),
        .testTarget(
            name: "WebhookModelTests", dependencies: ["WebhookModel", "TestSupport", crypto], swiftSettings: strict),
        .testTarget(
            name: "WebhookStoreTests",
            dependencies: [
                "WebhookStore", "WebhookModel", "RedisClient", "TestSupport", "FleetSupport", nioCore, nioPosix,
                logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "Delivery", "Observability", "WebhookStore", "WebhookModel", "RedisClient", "TestSupport", nioCore,
                nioPosix, nioHTTP1, nioSSL, nioEmbedded, logging, coreMetrics,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "Observability", "Delivery", "WebhookStore", "WebhookModel", "RedisClient", "TestSupport", nioCore,
                nioPosix, logging, coreMetrics,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "APIClient", "WebhookStore", "WebhookModel", "RedisClient", "TestSupport", nioCore, nioPosix,
                nioHTTP1,
                httpTypes, logging, lifecycle,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WebhooksTests",
            dependencies: ["webhooks", "WebhookStore", "RedisClient", "TestSupport", logging],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "webhooks", "WebhookModel", "APIClient", "WebhookStore", "RedisClient", "TestSupport", "FleetSupport",
                nioCore,
                nioPosix, nioHTTP1,
                crypto, logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "webhooks", "WebhookModel", "APIClient", "WebhookStore", "RedisClient", "TestSupport", "FleetSupport",
                "FaultHarness", nioCore, nioPosix, nioHTTP1,
                logging,
            ],
            swiftSettings: strict),
    ]
)
