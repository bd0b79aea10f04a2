import NIOSSL
import NIOCore

/// A password that no description shows.
package struct RedisPassword: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// How the connection is encrypted: always with full verification of the certificate.
package struct RedisTLS: Sendable {
    /// PEM file of the authorities that are trusted instead of the system's.
    package var caFile: String?

    package init(caFile: String? = nil) { self.caFile = caFile }

    /// - Throws: When the file of authorities cannot be used.
    package func check() throws { _ = try makeContext() }

    func makeContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let caFile { configuration.trustRoots = .file(caFile) }
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Where Redis is and how to talk to it.
package struct RedisConfiguration: Sendable {
    package enum Address: Sendable, Hashable, CustomStringConvertible {
        case tcp(host: String, port: Int)
        case unix(path: String)

        package var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): path
            }
        }
    }

    package var address: Address
    package var username: String?
    package var password: RedisPassword?
    package var database: Int
    package var tls: RedisTLS?
    /// Shown by `CLIENT LIST`; letters, digits and punctuation without spaces.
    package var clientName: String?
    package var connectTimeout: Duration
    /// How long a command waits for its reply unless it says otherwise.
    package var commandTimeout: Duration
    /// How many commands may wait on one connection; more fail with ``RedisError/overloaded``.
    package var maximumPending: Int
    /// What is counted of the connections of this configuration; nothing unless it is set.
    package var metrics = RedisMetrics()

    package init(
        address: Address, username: String? = nil, password: RedisPassword? = nil, database: Int = 0,
        tls: RedisTLS? = nil, clientName: String? = nil, connectTimeout: Duration = .seconds(2),
        commandTimeout: Duration = .seconds(2), maximumPending: Int = 10_000
    ) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
        self.tls = tls
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.maximumPending = maximumPending
    }

    /// The name that the certificate must carry; nil for an IP address, which is checked against its IP entries.
    var serverName: String? {
        guard case .tcp(let host, _) = address else { return nil }
        return (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}
