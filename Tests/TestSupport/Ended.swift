import Glibc
import Synchronization

/// How a child process ended, asked of the kernel once.
final class Ended: Sendable {
    private let status = Mutex<Int32?>(nil)

    var isKnown: Bool { status.withLock { $0 != nil } }

    /// The exit status, minus the signal's number, or nil while it runs.
    func wait(for pid: pid_t, options: Int32) -> Int32? {
        status.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            var result = waitpid(pid, &raw, options)
            while result == -1 && errno == EINTR { result = waitpid(pid, &raw, options) }
            guard result == pid else { return nil }
            let signal = raw & 0x7f
            known = signal == 0 ? (raw >> 8) & 0xff : -signal
            return known
        }
    }
}
