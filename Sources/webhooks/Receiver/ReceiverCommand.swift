import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient
import Logging
import ServiceLifecycle
import UnixSignals
import WebhookModel

struct ReceiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receiver",
        abstract: "A local target that verifies signatures and prints what arrives: for demos and load tests.",
        discussion: """
            Each request becomes a line: verified, NOT VERIFIED (with the reason), or
            unchecked without --secret.
            It ends with SIGTERM or Ctrl-C and prints its counts.
            """)

    @Option(help: "Where it listens.", transform: ArgumentText.address)
    var listen = ListenAddress(host: "127.0.0.1", port: 9000)
    @Option(help: "The secret of the webhook; several are allowed. Without, nothing is verified.")
    var secret: [String] = []
    @Option(help: "The status it answers.")
    var status = 200
    @Option(
        help: "How long it waits before it answers, such as 250ms; without, not at all.", transform: ArgumentText.delay)
    var delay: Duration?
    @Flag(help: "Only counts, one line a second.")
    var quiet = false
    @Flag(help: "Counts how many different deliveries arrived, too.")
    var distinct = false

    func validate() throws {
        guard (200...599).contains(status) else { throw ValidationError("--status must be from 200 to 599") }
        _ = try verifiers()
    }

    /// Checked here, because a wrong value of a typed option is quoted.
    private func verifiers() throws -> [StandardWebhookVerifier] {
        try secret.map { text in
            do throws(Secret.Problem) {
                return StandardWebhookVerifier(try Secret(text))
            } catch {
                throw ValidationError("--secret \(error)")
            }
        }
    }

    func run() async throws {
        let counts = ReceiverCounts(tellsApart: distinct)
        let answer = ReceiverAnswer(
            status: HTTPResponseStatus(statusCode: status), delay: TimeAmount(delay ?? .zero), isQuiet: quiet)
        let server = ReceiverServer(
            address: listen, verifiers: try verifiers(), answer: answer, counts: counts)
        var services: [any Service] = [server]
        if quiet { services.append(ReceiverSummary(counts: counts)) }
        let logger = Logger(label: "receiver", factory: { _ in SwiftLogNoOpLogHandler() })
        do {
            try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
                .run()
        } catch {
            printError("receiver: cannot listen on \(listen): \(connectionFailureText(error))")
            throw ExitCode.failure
        }
        printOutput(counts.summary + "\n")
    }
}

/// What the receiver answers to everything.
struct ReceiverAnswer: Sendable {
    let status: HTTPResponseStatus
    let delay: TimeAmount
    let isQuiet: Bool
}

/// Listens until it is told to stop.
private struct ReceiverServer: Service {
    let address: ListenAddress
    let verifiers: [StandardWebhookVerifier]
    let answer: ReceiverAnswer
    let counts: ReceiverCounts

    func run() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [verifiers, answer, counts] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        ReceiverHandler(verifiers: verifiers, answer: answer, counts: counts))
                }
            }
            .bind(host: address.host, port: address.port).get()
        printOutput(
            "receiver on http://\(ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))"
                + (verifiers.isEmpty ? ", not verifying: no --secret\n" : ", verifying signatures\n"))
        try? await gracefulShutdown()  // cancellation ends it just as well
        try? await channel.close()  // closing a socket that is closed is no fault
    }
}

/// Prints the counts once a second while something arrives.
private struct ReceiverSummary: Service {
    let counts: ReceiverCounts

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var before = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))  // cancelled: the loop ends
                let received = counts.received
                if received != before { printOutput("\(received - before)/s  \(counts.summary)\n") }
                before = received
            }
        }
    }
}
