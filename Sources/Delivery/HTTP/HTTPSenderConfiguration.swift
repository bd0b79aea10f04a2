import NIOCore
import NIOSSL
package import WebhookModel

/// What a sender is set to. The defaults are the product's.
package struct HTTPSenderConfiguration: Sendable {
    /// One hard limit over names, connecting, TLS, request and response head.
    package var attemptTimeout: Duration = .seconds(10)
    /// For each address that is tried.
    package var connectTimeout: Duration = .seconds(3)
    /// How long an attempt waits for the addresses of a name.
    package var dnsTimeout: Duration = .seconds(2)
    /// How long the addresses of a name are used before it is looked up again.
    package var nameLifetime: Duration = .seconds(30)
    /// Attempts to one host and port at a time, over all workspaces of this node; what is above waits.
    package var hostConcurrency = 128
    /// Connections kept open without a request; above it the one idle for longest is closed.
    package var maximumIdleConnections = 2048
    /// How long a connection is kept without a request.
    package var idleLifetime: Duration = .seconds(10)
    /// How long a connection takes requests at all.
    package var connectionLifetime: Duration = .seconds(60)
    /// How long the rest of a body may take once an attempt has its result.
    package var bodyGrace: Duration = .seconds(1)
    /// Which addresses may be connected to.
    package var targets: TargetPolicy
    /// This node's own listeners and its Redis: never connected to.
    package var ownListeners = OwnListeners()
    /// A PEM file of certificate authorities trusted besides the system's.
    package var certificateAuthorityFile: String?
    /// How names are looked up; the system's resolver unless a test brings its own.
    package var lookup: NameLookup

    /// A configuration that cannot be used; the text names the setting.
    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    package init(targets: TargetPolicy) {
        self.targets = targets
        // With private targets the name as written: search domains of containers, and `localhost`, need it. Without, the
        // name is absolute, so that no search domain can turn a public name into an inner one.
        lookup = SystemLookup.lookup(absolute: !targets.allowsPrivate)
    }

    /// The one TLS context of all connections: full verification, TLS 1.2 or later.
    func makeTLSContext() throws(Refused) -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        tls.applicationProtocols = ["http/1.1"]
        tls.shutdownTimeout = .seconds(1)
        if let certificateAuthorityFile { tls.additionalTrustRoots = [.file(certificateAuthorityFile)] }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw Refused(
                description: certificateAuthorityFile.map { "WEBHOOKS_TARGET_CA_FILE: cannot load \($0): \(error)" }
                    ?? "cannot set up TLS: \(error)")
        }
    }
}
