import Synchronization

/// The process that runs now, of one that may be started again.
final class Running: Sendable {
    private let process: Mutex<ChildProcess>

    init(_ process: ChildProcess) { self.process = Mutex(process) }

    var current: ChildProcess { process.withLock { $0 } }

    func replace(with next: ChildProcess) { process.withLock { $0 = next } }
}
