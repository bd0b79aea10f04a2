import NIOCore
package import WebhookModel

/// What all requests to one version of a webhook have in common, worked out once: where they go and the part of the head
/// that never changes.
package final class PreparedEndpoint: Sendable {
    package let workspace: WorkspaceName
    package let target: TargetURL
    /// The pool whose connections its requests take.
    let poolKey: PoolKey
    /// Request line, host, content type and user agent, each with its line end.
    let constantHead: ByteBuffer

    /// - Parameter userAgent: `Dalil-Webhooks/` and the version.
    package init(workspace: WorkspaceName, target: TargetURL, userAgent: String) {
        self.workspace = workspace
        self.target = target
        let host = HostKey(target)
        poolKey = PoolKey(workspace: workspace, host: host)
        var head = ByteBuffer()
        head.writeString("POST ")
        head.writeBytes(target.pathAndQuery)
        head.writeString(" HTTP/1.1\r\nhost: ")
        head.writeBytes(target.hostHeader)
        head.writeString("\r\ncontent-type: application/json\r\nuser-agent: \(userAgent)\r\n")
        constantHead = head
    }
}

/// A host and port as connections and concurrency limits tell them apart. Name and literal address are the canonical ones,
/// so that no other spelling of a host is another host.
struct HostKey: Hashable, Sendable {
    let isTLS: Bool
    /// Lower case, no dot behind it; the text of the address for a literal one.
    let name: String
    /// There for a target that names an address: nothing is looked up.
    let literal: IPAddress?
    let port: Int

    init(_ target: TargetURL) {
        isTLS = target.scheme == .https
        port = Int(target.port)
        switch target.host {
        case .name(let name):
            self.name = name
            literal = nil
        case .address(let address):
            name = address.description
            literal = address
        }
    }
}

/// Connections are shared only within this: never between workspaces.
struct PoolKey: Hashable, Sendable {
    let workspace: WorkspaceName
    let host: HostKey
    /// Worked out once: the key is looked up for every attempt.
    private let hash: Int

    init(workspace: WorkspaceName, host: HostKey) {
        self.workspace = workspace
        self.host = host
        var hasher = Hasher()
        hasher.combine(workspace)
        hasher.combine(host)
        hash = hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
