import TestSupport

/// The authority and certificate of the https sink, made by `openssl`.
struct SinkCertificates: Sendable {
    private let certificates: TestCertificates
    let authorityFile: String
    let certificateFile: String
    let keyFile: String

    init() async throws {
        certificates = try await TestCertificates()
        authorityFile = certificates.authorityFile
        (certificateFile, keyFile) = try await certificates.serverFiles(names: ["IP:127.0.0.1", "DNS:localhost"])
    }
}
