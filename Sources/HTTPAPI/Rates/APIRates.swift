import HTTPTypes
import NIOCore
import WebhookModel

/// The rates of one node.
struct APIRates: Sendable {
    /// Requests under `/rest/webhooks`, by API key; nil for no limit.
    let management: RateLimiter<String>?
    /// Events, by API key.
    let events: RateLimiter<String>?
    /// Failed authentications, by peer.
    let failures: RateLimiter<IPAddress>?
    let peers: PeerAddresses

    init(_ configuration: APIConfiguration) {
        management = Rate(perSecond: configuration.managementRate, burst: 10 * configuration.managementRate)
            .map { RateLimiter($0) }
        events = Rate(perSecond: configuration.eventRate, burst: 10 * configuration.eventRate).map { RateLimiter($0) }
        failures = Rate(perSecond: configuration.authFailureRate, burst: 30 * configuration.authFailureRate)
            .map { RateLimiter($0) }
        peers = PeerAddresses(trusted: configuration.trustedProxies)
    }

    /// Counts a request of a key.
    ///
    /// - Throws: 429 when there were too many.
    func admit(_ route: Route, _ scope: WorkspaceScope) throws(APIRefusal) {
        let limiter = route == .postEvents ? events : management
        guard let wait = limiter?.take(scope.keyID) else { return }
        throw APIRefusal.tooMany("too many requests with this API key", retryAfter: wait.retryAfterSeconds)
    }

    /// Counts the events of a batch beyond the first.
    func count(_ events: Int, _ scope: WorkspaceScope) { self.events?.spend(events - 1, scope.keyID) }

    /// - Throws: 429 when too many of a peer's authentications failed lately.
    func checkFailures(_ headers: HTTPFields, _ channel: any Channel) throws(APIRefusal) {
        guard let failures, let peer = peer(headers, channel), let wait = failures.wait(peer) else { return }
        throw APIRefusal.tooMany(
            "too many failed authentications from this address", retryAfter: wait.retryAfterSeconds)
    }

    func countFailure(_ headers: HTTPFields, _ channel: any Channel) {
        guard let failures, let peer = peer(headers, channel) else { return }
        _ = failures.take(peer)
    }

    private func peer(_ headers: HTTPFields, _ channel: any Channel) -> IPAddress? {
        peers.peer(connected: channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }, headers: headers)
    }
}
