import ArgumentParser
import FoundationEssentials
import NIOCore
import TestSupport

enum LoadScenario: String, CaseIterable, ExpressibleByArgument {
    case steady, burst, slowEndpoints = "slow-endpoints", manyTenants = "many-tenants", soak
}

/// Load for a running deployment, with proof that everything arrived exactly once.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Puts load on a running deployment and verifies that everything arrives.",
        discussion: """
            The API key is read from LOAD_API_KEY (for many-tenants several, comma separated, one a workspace).
            The deployment must allow http and private targets when the receiver is on this network.

              steady          --rate events a second for --seconds
              burst           --rate times --seconds events as fast as they are taken
              slow-endpoints  like steady, with --slow webhooks beside it that answer after --delay
              many-tenants    like steady, spread over the workspaces of all keys
              soak            like steady for long: --seconds up to 12 h; shows memory of --pid and what is under way
            """)

    @Argument(help: "steady, burst, slow-endpoints, many-tenants or soak.")
    var scenario: LoadScenario
    @Option(help: "The API: http://host:port.")
    var api = "http://127.0.0.1:8080"
    @Option(help: "Where receivers listen; further ones take the next ports.")
    var listen = "127.0.0.1:9100"
    @Option(help: "How delivery nodes reach the first receiver, when not by --listen.")
    var target: String?
    @Option(help: "Events a second.")
    var rate = 200
    @Option(help: "How long events are sent.")
    var seconds = 30
    @Option(help: "Slow webhooks of slow-endpoints.")
    var slow = 20
    @Option(help: "How long slow receivers wait before they answer.")
    var delay = "5s"
    @Option(help: "Seconds that everything may take to arrive after the last event.")
    var patience = 120
    @Option(help: "A process of the deployment on this machine whose memory is shown; several are allowed.")
    var pid: [Int32] = []
    @Option(help: "A file for the result as JSON.")
    var json: String?

    func validate() throws {
        guard (1...100_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 100000") }
        guard (1...43_200).contains(seconds) else { throw ValidationError("--seconds must be from 1 to 43200") }
        guard (0...500).contains(slow) else { throw ValidationError("--slow must be from 0 to 500") }
    }

    func run() async throws {
        let keys = (ProcessInfo.processInfo.environment["LOAD_API_KEY"] ?? "").split(separator: ",").map(
            String.init)
        guard !keys.isEmpty else { throw ValidationError("LOAD_API_KEY is not set") }
        let targets = try (scenario == .manyTenants ? keys : [keys[0]]).map { try LoadTarget(url: api, key: $0) }
        let result = try await LoadRun(command: self, targets: targets).run()
        print(result.table)
        if let json { try JSONEncoder().encode(result).write(to: URL(filePath: json)) }
        guard result.isGood else { throw ExitCode.failure }
    }
}
