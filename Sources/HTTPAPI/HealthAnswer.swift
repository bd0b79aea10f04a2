import Hummingbird
import WebhookModel

/// The answers to `/health/live` and `/health/ready`.
enum HealthAnswer {
    /// 200 or 503; why only where operators ask.
    static func response(_ readiness: Readiness, showingReason: Bool) -> Response {
        var writer = JSONWriter(capacity: 128)
        writer.object { root in
            root.member("status", readiness.isReady ? "ok" : "unavailable")
            guard showingReason else { return }
            switch readiness {
            case .ready: break
            case .readyWith(let warnings):
                root.array("warnings") { list in
                    for warning in warnings { list.string(warning) }
                }
            case .notReady(let reason): root.member("reason", reason)
            }
        }
        return .json(readiness.isReady ? .ok : .serviceUnavailable, writer.bytes)
    }
}
