import Crypto
import FoundationEssentials
import Glibc
import WebhookModel

/// What went wrong while `dev` set itself up, in words for the person before the terminal.
struct DevFailure: Error, CustomStringConvertible {
    let description: String
}

/// Where `dev` keeps everything: mode 0700, and one `dev` at a time.
struct DataDirectory: Sendable {
    /// Absolute.
    let path: String
    private let lock: Int32

    init(_ given: String) throws(DevFailure) {
        let absolute = given.hasPrefix("/") ? given : FileManager.default.currentDirectoryPath + "/" + given
        if mkdir(absolute, 0o700) != 0 && errno != EEXIST {
            throw DevFailure(description: "cannot make \(absolute): \(String(cString: strerror(errno)))")
        }
        guard let resolved = realpath(absolute, nil) else {
            throw DevFailure(description: "\(absolute): \(String(cString: strerror(errno)))")
        }
        path = String(cString: resolved)
        free(resolved)
        guard chmod(path, 0o700) == 0 else {
            throw DevFailure(description: "\(path) cannot be made private: \(String(cString: strerror(errno)))")
        }
        lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw DevFailure(
                description: "another `webhooks dev` uses \(path); end it, or choose another --data-dir")
        }
    }

    /// The path of Redis's socket. A unix socket's path has at most 107 bytes: a long directory has it elsewhere.
    var socketPath: String {
        let inside = "\(path)/redis.sock"
        if inside.utf8.count <= 100 { return inside }
        let name = Hexadecimal.text(SHA256.hash(data: Array(path.utf8)).prefix(8))
        return "/tmp/webhooks-dev-\(getuid())-\(name).sock"
    }

    /// The text of a private file, nil when there is none.
    func read(_ name: String) -> String? {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { return nil }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
    }

    /// Writes a file of mode 0600.
    func write(_ text: String, to name: String) throws(DevFailure) {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DevFailure(description: "\(file): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let bytes = Array((text + "\n").utf8)
        guard fchmod(descriptor, 0o600) == 0,
            bytes.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count
        else { throw DevFailure(description: "\(file): \(String(cString: strerror(errno)))") }
    }
}
