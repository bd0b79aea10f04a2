import FoundationEssentials
import Glibc
import RedisClient
import TestSupport

/// The processes of one measurement on this machine: a Redis of its own, nginx as the sink, nodes of the built program.
/// All of them end with the value.
final class Stage {
    let directory: TemporaryDirectory
    let redis: RedisServer
    let connection: RedisConnection
    let nginx: ChildProcess
    /// Where nginx takes http, and https.
    let sinkPort: Int
    let securePort: Int
    let authorityFile: String
    /// Their files live as long as this.
    private let certificates: SinkCertificates
    private let executables: String
    /// A process ends with its value: they are kept as long as the stage is.
    private var processes: [ChildProcess] = []

    /// - Parameter certificates: Those of the https sink; made once a run.
    init(certificates: SinkCertificates) async throws {
        directory = try TemporaryDirectory()
        // As the shipped redis.conf has it.
        redis = try await RedisServer.start(options: ["--appendonly", "yes", "--appendfsync", "everysec"])
        connection = try await connect(to: redis.url)
        sinkPort = try freePort()
        securePort = try freePort()
        self.certificates = certificates
        authorityFile = certificates.authorityFile
        executables = try Self.executableFolder()
        try Self.nginxConfiguration(
            directory: directory.path, port: sinkPort, securePort: securePort, certificates: certificates
        ).write(toFile: "\(directory.path)/nginx.conf", atomically: true, encoding: .utf8)
        nginx = try ChildProcess(
            FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx",
            ["-c", "\(directory.path)/nginx.conf", "-p", directory.path], directory: directory.path, name: "nginx")
        try await untilListening(sinkPort)
        try await untilListening(securePort)
    }

    func close() async {
        await connection.close()
        for process in processes { process.kill() }
        nginx.kill()
        redis.kill()
    }

    /// `http://…` or `https://…` of the sink.
    func target(secure: Bool) -> String {
        secure ? "https://127.0.0.1:\(securePort)/hook" : "http://127.0.0.1:\(sinkPort)/hook"
    }

    /// A delivery node; it begins to work at once.
    func startDeliveryNode(_ settings: [String: String] = [:]) throws -> ChildProcess {
        var all = settings
        all["WEBHOOKS_METRICS_LISTEN"] = "127.0.0.1:\(try freePort())"
        return try start("webhooks", ["delivery"], all)
    }

    /// An API node that listens.
    func startAPINode(_ settings: [String: String] = [:]) async throws -> (process: ChildProcess, port: Int) {
        let port = try freePort()
        let process = try start("webhooks", ["api"], settings.merging(["WEBHOOKS_LISTEN": "127.0.0.1:\(port)"]) { $1 })
        try await untilListening(port)
        return (process, port)
    }

    func createKey(workspace: String) async throws -> String {
        let process = try start("webhooks", ["keys", "create", "--workspace", workspace, "--name", "bench"])
        guard try await process.exitStatus() == 0 else { throw BenchFailure("keys create: \(process.errorOutput)") }
        return String(process.output.split(whereSeparator: \.isNewline).first ?? "")
    }

    /// Another command of this program, as a process of its own.
    func startBench(_ arguments: [String]) throws -> ChildProcess { try start("webhooks-bench", arguments) }

    private func start(
        _ name: String, _ arguments: [String], _ settings: [String: String] = [:]
    ) throws -> ChildProcess {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WEBHOOKS_") }
        environment["WEBHOOKS_REDIS_URL"] = redis.url
        environment["WEBHOOKS_ALLOW_HTTP_TARGETS"] = "true"
        environment["WEBHOOKS_ALLOW_PRIVATE_TARGETS"] = "true"
        environment["WEBHOOKS_TARGET_CA_FILE"] = authorityFile
        environment["WEBHOOKS_LOG_LEVEL"] = "warning"
        environment["WEBHOOKS_MAX_BACKLOG"] = "100000000"
        environment["WEBHOOKS_MAX_WORKSPACE_BACKLOG"] = "100000000"
        environment["WEBHOOKS_MAX_ENDPOINT_BACKLOG"] = "100000000"
        environment["WEBHOOKS_MAX_WORKSPACE_BYTES"] = "1099511627776"
        environment.merge(settings) { $1 }
        let process = try ChildProcess(
            "\(executables)/\(name)", arguments, environment: environment, directory: directory.path,
            name: "\(name)-\(processes.count)")
        processes.append(process)
        return process
    }

    private static func executableFolder() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { [count = bytes.count] in
                readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), count)
            } ?? -1
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { throw BenchFailure("where does this program lie?") }
        return String(path[..<slash])
    }

    private static func nginxConfiguration(
        directory: String, port: Int, securePort: Int, certificates: SinkCertificates
    ) -> String {
        """
        daemon off;
        master_process off;
        pid \(directory)/nginx.pid;
        error_log \(directory)/nginx.log;
        events { worker_connections 8192; }
        http {
            access_log off;
            client_body_temp_path \(directory);
            client_body_buffer_size 64k;
            keepalive_requests 1000000000;
            server {
                listen 127.0.0.1:\(port) backlog=4096;
                listen 127.0.0.1:\(securePort) ssl backlog=4096;
                ssl_certificate \(certificates.certificateFile);
                ssl_certificate_key \(certificates.keyFile);
                location / { return 200; }
            }
        }
        """
    }
}

/// Why a measurement could not be made.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until something listens on a port of 127.0.0.1.
func untilListening(_ port: Int) async throws {
    try await eventually(within: .seconds(20), "a listener on port \(port)") {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
