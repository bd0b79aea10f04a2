import NIOCore
import Synchronization

/// What a ``TestReceiver`` knows, shared between its event loop and the tests.
final class ReceiverState: Sendable {
    private struct Record {
        var requests: [TestReceiver.Request] = []
        var bytes: [Int: [UInt8]] = [:]
        var channels: [Int: any Channel] = [:]
        var accepted = 0
        var script: TestReceiver.Script
    }

    private let record: Mutex<Record>
    private let arrived = Atomic<Int>(0)
    private let recording: TestReceiver.Recording
    let keepsBytes: Bool

    init(recording: TestReceiver.Recording, keepsBytes: Bool, script: @escaping TestReceiver.Script) {
        self.recording = recording
        self.keepsBytes = keepsBytes
        record = Mutex(Record(script: script))
    }

    var requests: [TestReceiver.Request] { record.withLock { $0.requests } }
    var requestCount: Int { arrived.load(ordering: .acquiring) }
    var connectionsAccepted: Int { record.withLock { $0.accepted } }
    var openConnections: Int { record.withLock { $0.channels.count } }
    var openChannels: [any Channel] { record.withLock { Array($0.channels.values) } }

    func bytes(ofConnection number: Int) -> [UInt8] { record.withLock { $0.bytes[number] ?? [] } }

    func replaceScript(_ script: @escaping TestReceiver.Script) { record.withLock { $0.script = script } }

    func accepted(_ channel: any Channel) -> Int {
        record.withLock { record in
            record.accepted += 1
            record.channels[record.accepted] = channel
            return record.accepted
        }
    }

    func closed(_ connection: Int) { record.withLock { _ = $0.channels.removeValue(forKey: connection) } }

    func received(_ bytes: ByteBuffer, on connection: Int) {
        record.withLock { $0.bytes[connection, default: []] += Array(bytes.readableBytesView) }
    }

    func nextNumber() -> Int { arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }

    /// Keeps the request and returns how to answer it.
    func arrived(_ request: TestReceiver.Request) -> TestReceiver.Script {
        record.withLock { record in
            if case .everything = recording { record.requests.append(request) }
            return record.script
        }
    }
}
