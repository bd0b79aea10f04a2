import ArgumentParser
import RedisClient
import TestSupport
import WebhookModel
import WebhookStore

/// Registers webhooks in one workspace and measures pages of them, and how long a chunk holds Redis.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Measures pages of a workspace with many webhooks, against their budgets.")

    @Option(help: "How many webhooks the workspace has.")
    var webhooks = 10_000
    @Option(help: "Runs of each kind of page; their median counts.")
    var runs = 5

    private struct Case {
        let name: String
        let query: String
        let budget: Duration
    }

    private static let plain = Duration.milliseconds(20)
    private static let searched = Duration.milliseconds(300)
    /// No call may hold Redis for longer, in microseconds.
    private static let chunkBudget = 2000

    private static let cases = [
        Case(name: "plain page of 60", query: "", budget: plain),
        Case(name: "plain page of 1,000", query: "limit=1000", budget: plain),
        Case(
            name: "filter by target", query: "filter=targetUrl[eq]:https://h11.example.com/hooks/4711", budget: searched
        ),
        Case(
            name: "groups of like and ilike",
            query:
                "filter=or(description[ilike]:NUMBER%2599,targetUrl[like]:77),operations[containsAny]:[task.created]",
            budget: searched),
        Case(name: "sorted by target", query: "order_by=targetUrl[DescNullsLast]", budget: searched),
        Case(
            name: "filtered and sorted by five",
            query: "filter=isEnabled[eq]:true&limit=1000"
                + "&order_by=isEnabled,description[DescNullsLast],updatedAt[DescNullsLast],targetUrl,id",
            budget: searched),
    ]

    func run() async throws {
        let redis = try await RedisServer.start()
        let connection = try await connect(to: redis.url)
        var limits = StoreLimits()
        limits.maximumWebhooks = max(limits.maximumWebhooks, webhooks)
        let store = WebhookStore(Shard(connection, limits: limits))
        guard let workspace = WorkspaceName("bench-list") else { throw ExitCode.failure }
        try await fill(store, workspace)
        _ = try await connection.execute(RedisCommand("CONFIG", "SET", "slowlog-log-slower-than", "0"))
        _ = try await connection.execute(RedisCommand("CONFIG", "SET", "slowlog-max-len", "10000"))
        var isWithin = true
        for item in Self.cases {
            let query = try ListQuery.read(item.query)
            _ = try await store.list(workspace, query)
            _ = try await connection.execute(RedisCommand("SLOWLOG", "RESET"))
            var times: [Duration] = []
            var found = 0
            for _ in 0..<runs {
                let start = ContinuousClock.now
                found = try await store.list(workspace, query).totalCount
                times.append(ContinuousClock.now - start)
            }
            let median = times.sorted()[times.count / 2]
            let holds = try await held(connection)
            let typical = holds.isEmpty ? 0 : holds[holds.count / 2]
            let worst = holds.last ?? 0
            // A machine that others use holds up a call now and then, whatever it does.
            let high = holds.isEmpty ? 0 : holds[holds.count * 4 / 5]
            let isGood = median <= item.budget && high <= Self.chunkBudget
            isWithin = isWithin && isGood
            print(
                "\(isGood ? "ok  " : "SLOW") \(item.name): \(milliseconds(median)) ms of \(milliseconds(item.budget)),"
                    + " \(found) match; Redis held \(typical) µs a call (80 %: \(high), most: \(worst))")
        }
        await connection.close()
        redis.kill()
        guard isWithin else { throw ExitCode.failure }
    }

    private func milliseconds(_ duration: Duration) -> Double {
        (duration / .milliseconds(1) * 10).rounded() / 10
    }

    private func fill(_ store: WebhookStore, _ workspace: WorkspaceName) async throws {
        let names = ["company", "people", "opportunity", "task"]
        for number in 0..<webhooks {
            var change = WebhookChange()
            change.set(targetUrl: "https://h\(number % 100).example.com/hooks/\(number)")
            change.set(operations: ["\(names[number % 4]).created", "\(names[number % 3]).*", "*.deleted"])
            if !number.isMultiple(of: 5) { change.set(description: "Webhook number \(number) of the benchmark") }
            change.set(secret: try Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
            change.set(isEnabled: !number.isMultiple(of: 7))
            try await store.create(workspace, WebhookID.new(milliseconds: 1_790_000_000_000 + Int64(number)), change)
        }
        print("\(webhooks) webhooks in one workspace")
    }

    /// How long each call since the last reset held Redis, in microseconds, in ascending order.
    private func held(_ connection: RedisConnection) async throws -> [Int] {
        let log = try await connection.execute(RedisCommand("SLOWLOG", "GET", "-1")).array()
        return try log.compactMap { entry in
            let fields = try entry.array(atLeast: 4)
            let name = try fields[3].array(atLeast: 1)[0].text()
            // The log names the commands inside a script too, which are part of its call.
            guard name.hasPrefix("EVALSHA") else { return nil }
            return Int(try fields[2].integer())
        }.sorted()
    }
}
