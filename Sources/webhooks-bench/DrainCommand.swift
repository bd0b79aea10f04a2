import ArgumentParser
import TestSupport

/// Empties events that wait for webhooks into nginx, with one delivery node and one API node that idles.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Measures how fast a delivery node empties waiting events into nginx.")

    @Option(help: "How many events wait.")
    var events = 50_000
    @Option(help: "How many webhooks they are for, ten to a workspace.")
    var webhooks = 50
    @Option(help: "Bytes of an event.")
    var size = 1024
    @Option(help: "Fail below this many deliveries a second.")
    var atLeast = 0

    func run() async throws {
        guard webhooks > 0, events > 0 else { throw ValidationError("--events and --webhooks must be above 0") }
        let stage = try await Stage(certificates: SinkCertificates())
        let backlog = Backlog(
            workspaces: (webhooks + 9) / 10, operations: min(10, webhooks), fanOut: 1, events: events, size: size)
        try await backlog.register(stage.connection, target: stage.target(secure: false))
        try await backlog.store(stage.connection)
        print("\(events) events wait for \(backlog.webhooks) webhooks in \(backlog.workspaces) workspaces")
        let api = try await stage.startAPINode().process
        let node = try stage.startDeliveryNode()
        let drained = try await DrainMeasurement.take(
            stage.connection, wanted: backlog.deliveries, processes: [node.pid, api.pid, stage.nginx.pid])
        await stage.close()
        print(
            "\(drained.deliveries) deliveries in \(Int(drained.seconds * 1000)) ms: \(Int(drained.rate)) a second, "
                + "\(drained.notDelivered) not delivered")
        for (index, name) in ["delivery node", "API node (idle)", "nginx"].enumerated() {
            print("  \(name): \(rounded(drained.microseconds(index))) µs of CPU a delivery")
        }
        print("  Redis: \(rounded(drained.redis.cpuSeconds * 1_000_000 / Double(drained.deliveries))) µs")
        guard drained.notDelivered == 0, Int(drained.rate) >= atLeast else { throw ExitCode.failure }
    }
}

/// One digit behind the point.
func rounded(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
}
