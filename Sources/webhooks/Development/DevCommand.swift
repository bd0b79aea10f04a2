import ArgumentParser
import Delivery
import FoundationEssentials
import Glibc
import HTTPAPI
import Logging
import NIOPosix
import RedisClient
import ServiceLifecycle
import WebhookModel
import WebhookStore

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Runs everything on this machine: a Redis of its own, an API node and a delivery node.",
        discussion: """
            Prints three commands for a second terminal that deliver a verified event.
            Http and private targets are allowed. Everything is kept in the data
            directory; remove it to start anew. It has a redis-server of its own and
            listens on 127.0.0.1: settings of addresses and of Redis do not count here.

            \(Setting.helpText(for: .nodes, except: fixedSettings))
            """)

    /// What `dev` decides itself.
    static let fixedSettings: Set<Setting> = [
        .redisURL, .redisPassword, .redisCAFile, .listen, .metricsListen, .allowHTTPTargets, .allowPrivateTargets,
    ]

    @Option(help: "Where everything is kept.")
    var dataDir = ".webhooks-dev"
    @Option(help: "The port of the API on 127.0.0.1.", transform: ArgumentText.port)
    var port = 8080
    @Option(help: "The port of the delivery node's health listener on 127.0.0.1.", transform: ArgumentText.port)
    var healthPort = 9464
    @Option(help: "The port that the printed receiver command uses.", transform: ArgumentText.port)
    var receiverPort = 9000
    @OptionGroup var envFile: EnvFileOption

    func run() async throws {
        var configuration = try envFile.configuration()
        configuration.listen = ListenAddress(host: "127.0.0.1", port: port)
        configuration.metricsListen = ListenAddress(host: "127.0.0.1", port: healthPort)
        configuration.targets = TargetPolicy(allowsHTTP: true, allowsPrivate: true)
        configuration.logFormat = configuration.logFormat ?? .text
        let logger = configuration.startLogging()
        OpenFileLimit.raise()
        do {
            try await run(configuration, logger)
        } catch let failure as DevFailure {
            printError("webhooks dev: \(failure)")
            throw ExitCode.failure
        }
    }

    private func run(_ given: NodeConfiguration, _ logger: Logger) async throws {
        var configuration = given
        let directory = try DataDirectory(dataDir)
        try requireFree(port, "--port")
        try requireFree(healthPort, "--health-port")
        let redis = DevRedis(directory: directory, logger: logger)
        try await redis.start()
        configuration.redis.address = redis.configuration.address
        configuration.redis.tls = nil
        configuration.redis.username = nil
        configuration.redis.password = nil
        configuration.redis.database = 0
        let key: APIKeyToken
        let secret: String
        do {
            key = try await apiKey(directory, redis, logger)
            secret = try receiverSecret(directory)
        } catch {
            await redis.shutDown()
            throw error
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let telemetry = configuration.telemetry(loop, logger)
        let api = configuration.apiNode(telemetry, group, logger)
        let delivery = try configuration.deliveryNode(
            telemetry, loop, logger, beside: [configuration.listen])
        let health = configuration.operatorListener(
            telemetry, group, logger, readiness: telemetry.readiness(of: delivery))
        let banner = DevBanner(
            executable: link("/proc/self/exe") ?? CommandLine.arguments[0], api: "http://127.0.0.1:\(port)",
            receiverPort: receiverPort,
            key: key, secret: secret, directory: directory)
        // Stopped in reverse: the API first, Redis last.
        try await runNode(
            [redis, telemetry, health, delivery, api, BannerService(api: api, banner: banner)], logger: logger)
    }

    /// The key of workspace `dev`, the same at every start.
    private func apiKey(_ directory: DataDirectory, _ redis: DevRedis, _ logger: Logger) async throws -> APIKeyToken {
        let connection = try await RedisConnection.connect(redis.configuration, on: toolLoop, logger: logger)
        let store = APIKeyStore(Shard(connection))
        let kept = directory.read(Self.keyFile).flatMap { APIKeyToken($0) }
        let token = kept ?? APIKeyToken.generate()
        if kept == nil { try directory.write(token.exposedText, to: Self.keyFile) }
        if try await store.find(token.lookup) == nil {
            guard let workspace = WorkspaceName("dev") else { preconditionFailure("dev is a workspace name") }
            try await store.create(
                token, workspace: workspace, name: "dev", scopes: [.webhooks, .events], expiresAt: nil)
        }
        await connection.close()
        return token
    }

    private static let keyFile = "api-key"

    /// The secret of the printed webhook: kept, so that webhooks of earlier runs still verify.
    private func receiverSecret(_ directory: DataDirectory) throws -> String {
        if let kept = directory.read("receiver-secret"), (try? Secret(kept)) != nil { return kept }
        let bytes = (0..<24).map { _ in UInt8.random(in: 0...255) }
        let secret = Secret.prefix + Data(bytes).base64EncodedString()
        try directory.write(secret, to: "receiver-secret")
        return secret
    }

    private func requireFree(_ port: Int, _ option: String) throws(DevFailure) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            throw DevFailure(
                description:
                    "port \(port) of 127.0.0.1 is taken (\(String(cString: strerror(errno)))); choose another with \(option)"
            )
        }
    }
}
