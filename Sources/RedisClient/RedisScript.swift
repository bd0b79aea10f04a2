import Crypto

/// A Lua script, sent by the SHA-1 of its source (`EVALSHA`) and loaded when Redis does not know it.
package struct RedisScript: Sendable {
    package let name: String
    package let source: [UInt8]
    /// Forty hexadecimal digits, as `SCRIPT LOAD` answers.
    package let sha1: [UInt8]
    /// Whether it writes nothing: sent by `EVALSHA_RO`, which a read-only user and a replica may run.
    package let isReadOnly: Bool

    package init(name: String, source: [UInt8], isReadOnly: Bool = false) {
        self.isReadOnly = isReadOnly
        self.name = name
        self.source = source
        let digits = Array("0123456789abcdef".utf8)
        // Redis names scripts by SHA-1; nothing here relies on it against an attacker.
        sha1 = Insecure.SHA1.hash(data: source).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
