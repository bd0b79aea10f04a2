import ArgumentParser
import Glibc
import RedisClient
import WebhookModel
import WebhookStore

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Shows what goes on: rates, backlog, nodes, worst endpoints. Only reads.",
        discussion: """
            A table that renews itself on a terminal, one line for each look elsewhere. Ends with Ctrl-C.

            \(Setting.helpText(for: .tools))
            """)

    @Option(help: "Time between two looks, from 500ms to 1h.", transform: Self.pause)
    var interval = Duration.seconds(2)
    @Option(help: "How many looks; 0 for no end.")
    var count = 0
    @Flag(help: "One JSON object a line.")
    var json = false
    @OptionGroup var envFile: EnvFileOption

    func validate() throws {
        guard count >= 0 else { throw ValidationError("--count must not be negative") }
    }

    private static func pause(_ text: String) throws -> Duration {
        try SettingText.duration(text, .milliseconds(500) ... .seconds(3600))
    }

    func run() async throws {
        let form: TopText.Form = json ? .json : isatty(STDOUT_FILENO) == 1 ? .table : .line
        try await envFile.configuration().withShard { [self] shard throws(StoreError) in
            var before = try await shard.survey()
            var looks = 0
            repeat {
                do {
                    try await Task.sleep(for: interval)
                } catch {
                    return  // cancelled: nothing more to show
                }
                let look = try await TopLook.take(shard, after: before)
                printOutput(TopText.text(look, form))
                before = look.survey
                looks += 1
            } while count == 0 || looks < count
        }
    }
}

/// What `webhooks top` shows at one time.
struct TopLook: Sendable {
    static let rows = 10

    let survey: ShardSurvey
    let acceptedRate: Double
    let deliveredRate: Double
    let failedRate: Double
    let redis: RedisServerFacts
    let nodes: [LivingNode]
    let workspaces: [(workspace: String, openItems: Int64)]
    let endpoints: [EndpointReport]

    /// Looks at the shard; rates are those since `before`.
    static func take(_ shard: Shard, after before: ShardSurvey) async throws(StoreError) -> TopLook {
        let survey = try await shard.survey()
        let seconds = max(0.001, Double(survey.now - before.now) / 1000)
        func rate(_ count: (ShardSurvey) -> Int64) -> Double {
            // Counters start anew when Redis lost its data.
            Double(max(0, count(survey) - count(before))) / seconds
        }
        let redis: RedisServerFacts
        do throws(RedisError) {
            redis = try await shard.executor.serverFacts()
        } catch {
            throw .redis(error)
        }
        return TopLook(
            survey: survey, acceptedRate: rate(\.accepted), deliveredRate: rate(\.delivered),
            failedRate: rate(\.failed), redis: redis, nodes: try await shard.nodes(),
            workspaces: try await shard.busiestWorkspaces(rows),
            endpoints: try await EndpointList(shard).list(states: [.open, .half], limit: rows))
    }
}
