import ArgumentParser
import WebhookModel
import WebhookStore

struct EndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints", abstract: "Shows how the endpoints of webhooks do.", subcommands: [List.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists endpoints with their state, last failure, next probe and what waits. Only reads.",
            discussion: """
                States: ok; failing (failures on record, everything is sent); open (nothing is sent until the next probe); \
                half (one probe is sent); disabled.

                \(Setting.helpText(for: .tools))
                """)

        @Option(help: "Only of this state; may be given several times. Without: all.")
        var state: [EndpointReport.State] = []
        @Option(help: "Only of this workspace.", transform: ArgumentText.workspace)
        var workspace: WorkspaceName?
        @Option(help: "How many, at most 1000.")
        var limit = 60
        @Flag(help: "One JSON object a line.")
        var json = false
        @OptionGroup var envFile: EnvFileOption

        func validate() throws {
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
        }

        func run() async throws {
            let states = state.isEmpty ? Set(EndpointReport.State.allCases) : Set(state)
            let reports = try await envFile.configuration().withShard { shard throws(StoreError) in
                try await EndpointList(shard).list(states: states, workspace: workspace, limit: limit)
            }
            guard json else {
                printOutput(reports.isEmpty ? "none\n" : TopText.endpoints(reports))
                return
            }
            for report in reports {
                var writer = JSONWriter()
                writer.object { TopText.write(report, to: &$0) }
                printOutput(String(decoding: writer.bytes, as: UTF8.self) + "\n")
            }
        }
    }
}

extension EndpointReport.State: ExpressibleByArgument {}
