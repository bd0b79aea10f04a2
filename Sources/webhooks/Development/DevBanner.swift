import HTTPAPI
import ServiceLifecycle
import WebhookModel

/// What `dev` prints when everything runs.
struct DevBanner: Sendable {
    let executable: String
    let api: String
    let receiverPort: Int
    let key: APIKeyToken
    let secret: String
    let directory: DataDirectory

    /// The three commands, one a line, for `/bin/sh`. The first gives the receiver a second to listen, for those who
    /// paste all three at once.
    var commands: [String] {
        let target = "http://127.0.0.1:\(receiverPort)/hook"
        let headers = "-H 'Authorization: Bearer \(key.exposedText)' -H 'Content-Type: application/json'"
        return [
            "\(quoted(executable)) receiver --listen 127.0.0.1:\(receiverPort) --secret '\(secret)' & sleep 1",
            "curl -sSw '\\n' \(api)/rest/webhooks \(headers) "
                + #"-d '{"targetUrl":"\#(target)","operations":["people.*"],"secret":"\#(secret)"}'"#,
            "curl -sSw '\\n' \(api)/rest/events \(headers) "
                + #"-d '{"event":"people.created","record":{"id":"ada-1","name":"Ada Lovelace"}}'"#,
        ]
    }

    var text: String {
        """

        Dalil Webhooks runs: the API on \(api), everything in \(directory.path)
        For development: webhooks may use http and private addresses.

        In a second terminal: start a receiver, register it, post an event.

        \(commands.joined(separator: "\n\n"))

        The API key of workspace "dev" is in \(directory.path)/api-key
        Look inside: redis-cli -s \(directory.socketPath)     Stop: Ctrl-C


        """
    }

    private func quoted(_ path: String) -> String {
        "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}

/// Prints the banner as soon as the API listens.
struct BannerService: Service {
    let api: APINode
    let banner: DevBanner

    func run() async throws {
        _ = try await api.port
        printOutput(banner.text)
        try? await gracefulShutdown()  // cancellation ends it just as well
    }
}
