import Crypto

extension TargetURL {
    /// Scheme, host, port and a hash of path and query, which may hold a token: what a log line may show of a target.
    package var logText: String {
        "\(scheme.rawValue)://\(hostText):\(port)#\(Hexadecimal.text(SHA256.hash(data: pathAndQuery).prefix(4)))"
    }
}
