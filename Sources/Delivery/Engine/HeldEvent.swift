import NIOCore
import WebhookModel

/// The stored body of one event in memory, shared by the tokens that one reply brought. Belongs to the engine's event loop.
final class HeldEvent {
    let id: EventID
    /// The delivered body less its `webhookId`.
    let stored: ByteBuffer
    /// Tokens and fan-outs that need it.
    var holders = 0
    /// What happened, as the body says at its beginning; nil when it does not begin like a stored body.
    private(set) lazy var operation = stored.withUnsafeReadableBytes { DeliveredBody.head(of: $0)?.operation }

    init(id: EventID, stored: ByteBuffer) {
        self.id = id
        self.stored = stored
    }
}
