// swift-tools-version:6.2
import PackageDescription

// The fuzzers stand in a package of their own: all of it is built with libFuzzer's and the address sanitizer's
// instrumentation, which the product never is, and only what the fuzzed parsers need is built at all. The sources are those
// of the product, by symbolic links. scripts/fuzz builds and runs it.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "webhooks-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "CLibFuzzer"),
        // Less what signs and hashes: that needs swift-crypto, and parses nothing.
        .target(
            name: "WebhookModel",
            exclude: [
                "APIKeyToken.swift", "SigningKey.swift", "StandardWebhookVerifier.swift", "TargetURL+Log.swift",
                "WebhookSigner.swift",
            ],
            swiftSettings: settings),
        .target(
            name: "RedisClient",
            dependencies: [
                "CHiredis", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            sources: [
                "HiredisCodec.swift", "PendingCommands.swift", "RedisCommand.swift", "RedisError.swift",
                "RedisValue.swift",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "CLibFuzzer", "WebhookModel", "RedisClient", .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
    ]
)
