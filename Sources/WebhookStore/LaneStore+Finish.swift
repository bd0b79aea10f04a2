import RedisClient
import WebhookModel

extension LaneStore {
    /// How many tokens one call may carry.
    package static let maximumFinished = 64

    /// Takes tokens off a lane with their outcomes. Safe to send twice.
    ///
    /// - Parameter lane: The lane that holds them: this one, or one that this node gave up.
    /// - Returns: The configuration version, how many tokens were not on the lane any more, and which endpoints changed
    ///   their state by it.
    package func finish(
        _ tokens: some Collection<FinishedToken>, lane: String
    ) async throws(StoreError) -> (version: Int64, lost: Int, turns: [EndpointTurn]) {
        var arguments = shard.arguments(
            capacity: tokens.reduce(64) { $0 + 140 + $1.line.count }, count: tokens.count * 6 + 4)
        arguments.append(lane)
        for finished in tokens {
            arguments.append { finished.token.append(to: &$0) }
            Self.append(finished.outcome, to: &arguments)
            Self.append(finished.verdict, to: &arguments)
            arguments.append(finished.line)
        }
        let reply = try await shard.run(StoreScripts.finish, arguments)
        return try decoding { () throws(RedisError) in
            let values = try reply.array(atLeast: 3)
            return (try values[0].integer(), Int(try values[1].integer()), try EndpointTurn.list(values[2]))
        }
    }

    private static func append(_ outcome: Outcome, to arguments: inout RedisArguments) {
        switch outcome {
        case .delivered: arguments.append("ok" as StaticString)
        case .retry(let milliseconds):
            arguments.append("retry" as StaticString)
            return arguments.append(milliseconds)
        case .dead(let reason):
            arguments.append("dead" as StaticString)
            return arguments.append(reason.rawValue)
        case .back: arguments.append("back" as StaticString)
        case .running: arguments.append("running" as StaticString)
        }
        arguments.append("" as StaticString)
    }

    private static func append(_ verdict: EndpointVerdict?, to arguments: inout RedisArguments) {
        switch verdict {
        case nil:
            arguments.append("" as StaticString)
            arguments.append("" as StaticString)
        case .up(let milliseconds):
            arguments.append("up" as StaticString)
            arguments.append(milliseconds)
        case .down(let milliseconds, let error):
            arguments.append("down" as StaticString)
            append(milliseconds, error.rawValue, to: &arguments)
        case .open(let milliseconds, let error):
            arguments.append("open" as StaticString)
            append(milliseconds, error.rawValue, to: &arguments)
        case .wait(let milliseconds, let error):
            arguments.append("wait" as StaticString)
            append(milliseconds, error.rawValue, to: &arguments)
        case .hold(let milliseconds):
            arguments.append("hold" as StaticString)
            arguments.append(milliseconds)
        case .slow:
            arguments.append("slow" as StaticString)
            arguments.append("" as StaticString)
        case .disable(let version, let reason):
            arguments.append("disable" as StaticString)
            append(version, reason.rawValue, to: &arguments)
        }
    }

    private static func append(_ number: Int64, _ text: String, to arguments: inout RedisArguments) {
        arguments.append { bytes in
            appendDecimal(max(0, number), to: &bytes)
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: text.utf8)
        }
    }
}
