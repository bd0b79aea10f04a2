import FoundationEssentials
import Glibc

/// A running redis-server that works in a given directory, found among the processes of this machine.
///
/// Its socket can be gone and its pid file stale; the kernel knows which process has which working directory.
struct ServerProcess: Sendable, Hashable {
    let pid: pid_t
    private let directory: String

    /// - Parameter directory: An absolute path without links.
    init(pid: pid_t, directory: String) {
        self.pid = pid
        self.directory = directory
    }

    /// All that work in `directory`: a server, and for a moment the child that writes its append-only file anew.
    static func all(in directory: String) -> [ServerProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            pid_t(name).map { ServerProcess(pid: $0, directory: directory) }
        }.filter(\.isRunning)
    }

    /// False too for one that ended and was not waited for, whose directory the kernel does not tell any more.
    var isRunning: Bool { link("/proc/\(pid)/cwd") == directory && name == "redis-server" }

    private var name: String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/comm") else { return nil }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
    }

    /// Tells it to write everything to disk and end.
    func terminate() {
        if isRunning { kill(pid, SIGTERM) }
    }
}

/// Where a symbolic link points; nil when it cannot be read.
func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}
