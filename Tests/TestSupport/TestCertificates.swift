import FoundationEssentials
import NIOCore
package import NIOSSL

/// A certificate authority of a test's own and certificates that it signed, made by the `openssl` command.
package final class TestCertificates: Sendable {
    package let directory: TemporaryDirectory
    /// The authority's certificate, as PEM: what a client has to trust.
    package let authorityFile: String

    package init() async throws {
        directory = try TemporaryDirectory()
        authorityFile = "\(directory.path)/authority.pem"
        try await openssl(
            "authority",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=Test Authority", "-keyout", "\(directory.path)/authority.key", "-out", authorityFile,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            ])
    }

    /// A server that shows a certificate of this authority.
    ///
    /// - Parameters:
    ///   - names: Subject alternative names in openssl's spelling: `DNS:example.com`, `IP:127.0.0.1`.
    ///   - days: How long the certificate is good; a negative number makes one that has expired.
    ///   - maximumVersion: The newest TLS version that the server speaks.
    ///   - onServerName: Told the name that each client sends (SNI), nil when it sends none.
    package func serverContext(
        names: [String], days: Int = 2, maximumVersion: TLSVersion? = nil,
        onServerName: (@Sendable (String?) -> Void)? = nil
    ) async throws -> NIOSSLContext {
        let files = try await serverFiles(names: names, days: days)
        return try Self.context(
            certificate: files.certificate, key: files.key, maximumVersion: maximumVersion, onServerName: onServerName)
    }

    /// A certificate of this authority and its key, as PEM files.
    ///
    /// - Parameter names: Subject alternative names in openssl's spelling: `DNS:example.com`, `IP:127.0.0.1`.
    package func serverFiles(names: [String], days: Int = 2) async throws -> (certificate: String, key: String) {
        let name = "leaf-\(UInt64.random(in: 0...UInt64.max))"
        let files = (key: "\(directory.path)/\(name).key", request: "\(directory.path)/\(name).csr")
        let certificate = "\(directory.path)/\(name).pem"
        let extensions = "\(directory.path)/\(name).ext"
        try "subjectAltName=\(names.joined(separator: ","))\nbasicConstraints=CA:FALSE\n"
            .write(toFile: extensions, atomically: true, encoding: .utf8)
        try await openssl(
            name,
            [
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
                "-keyout", files.key, "-out", files.request,
            ])
        try await openssl(
            name,
            [
                "x509", "-req", "-in", files.request, "-CA", authorityFile, "-CAkey",
                "\(directory.path)/authority.key", "-CAcreateserial", "-days", "\(days)", "-extfile", extensions,
                "-out", certificate,
            ])
        return (certificate, files.key)
    }

    /// A server that shows a certificate that signed itself.
    package func selfSignedServerContext(names: [String]) async throws -> NIOSSLContext {
        let name = "self-\(UInt64.random(in: 0...UInt64.max))"
        let certificate = "\(directory.path)/\(name).pem"
        let key = "\(directory.path)/\(name).key"
        try await openssl(
            name,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-keyout", key, "-out", certificate, "-addext",
                "subjectAltName=\(names.joined(separator: ","))",
            ])
        return try Self.context(certificate: certificate, key: key, maximumVersion: nil)
    }

    private static func context(
        certificate: String, key: String, maximumVersion: TLSVersion?,
        onServerName: (@Sendable (String?) -> Void)? = nil
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        if let maximumVersion {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = maximumVersion
        }
        if let onServerName {
            configuration.sslContextCallback = { extensions, promise in
                onServerName(extensions.serverHostname)
                promise.succeed(.noChanges)
            }
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private func openssl(_ name: String, _ arguments: [String]) async throws {
        let process = try ChildProcess("openssl", arguments, directory: directory.path, name: name)
        let status = try await process.exitStatus(within: .seconds(30))
        guard status == 0 else {
            throw ChildProcess.Failure(description: "openssl \(arguments[0]): \(process.errorOutput)")
        }
    }
}
