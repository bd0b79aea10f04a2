import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Exits 0 when a node answers that it is ready: for container health checks.")

    @Option(help: "The node's address with its path.")
    var url = "http://127.0.0.1:8080/health/ready"

    func run() async throws {
        let (host, port, path) = try Self.parse(url)
        do {
            let status = try await Self.get(host: host, port: port, path: path)
            printOutput("\(status)\n")
            if status != 200 { throw ExitCode.failure }
        } catch let error as ExitCode {
            throw error
        } catch {
            printError("\(url): \(connectionFailureText(error))")
            throw ExitCode.failure
        }
    }

    private static func parse(_ url: String) throws -> (String, Int, String) {
        guard url.hasPrefix("http://") else { throw ValidationError("--url must begin with http://") }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = String(rest[..<slash])
        if authority.lastIndex(of: ":").map({ authority[$0...].contains("]") }) ?? true { authority += ":80" }
        do throws(SettingProblem) {
            let address = try SettingText.address(authority)
            return (address.host, address.port, slash == rest.endIndex ? "/health/ready" : String(rest[slash...]))
        } catch {
            throw ValidationError("--url \(error)")
        }
    }

    /// The status of one GET, within three seconds.
    private static func get(host: String, port: Int, path: String) async throws -> Int {
        let eventLoop = toolLoop
        let promise = eventLoop.makePromise(of: Int.self)
        let timeout = eventLoop.scheduleTask(in: .seconds(3)) {
            promise.fail(ChannelError.connectTimeout(.seconds(3)))
        }
        defer { timeout.cancel() }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: path,
            headers: ["host": "\(ListenAddress(host: host, port: port))", "connection": "close"])
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(3))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(StatusHandler(promise))
                }
            }
            .connect(host: host, port: port)
        connected.whenFailure { promise.fail($0) }
        connected.whenSuccess { channel in
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
        return try await promise.futureResult.get()
    }
}

private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let promise: EventLoopPromise<Int>

    init(_ promise: EventLoopPromise<Int>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        promise.succeed(Int(head.status.code))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
