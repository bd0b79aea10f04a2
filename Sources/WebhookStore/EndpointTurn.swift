import RedisClient
package import WebhookModel

/// A change of an endpoint's state, told once: in the reply of the call that made it.
package struct EndpointTurn: Sendable, Hashable {
    /// As the endpoint's hash has it; `failing`, which is `ok` with failures on record, counts as `ok`.
    package enum State: String, Sendable, Hashable {
        case ok
        /// Nothing is sent before its probe is due.
        case open
        /// One probe may be sent.
        case half
        case disabled
    }

    package let webhook: WebhookID
    package let workspace: WorkspaceName
    package let from: State
    package let to: State
    /// The error class of the last failure, or why the webhook was disabled; empty where there is none.
    package let cause: String

    /// Five values each: webhook, workspace, states, cause. A state of another version is skipped.
    static func list(_ value: RedisValue) throws(RedisError) -> [EndpointTurn] {
        let values = try value.array()
        var turns: [EndpointTurn] = []
        for index in stride(from: 0, to: values.count - 4, by: 5) {
            guard let from = State(rawValue: try values[index + 2].text()),
                let to = State(rawValue: try values[index + 3].text())
            else { continue }
            turns.append(
                EndpointTurn(
                    webhook: try values[index].webhookID(), workspace: try values[index + 1].workspaceName(),
                    from: from, to: to, cause: try values[index + 4].text()))
        }
        return turns
    }
}
