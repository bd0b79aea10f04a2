import CoreMetrics

/// What an API node counts.
struct APIMetrics: Sendable {
    private let accepted: Counter
    private let duplicates: Counter
    private let refused: [String: Counter]
    /// By the first digit of the status, from 2.
    private let classes: [Counter]

    init(factory: any MetricsFactory) {
        accepted = Counter(label: "webhooks_events_accepted_total", factory: factory)
        duplicates = Counter(label: "webhooks_events_duplicate_total", factory: factory)
        let reasons = [
            "invalid", "unauthorized", "forbidden", "conflict", "too_large", "media_type", "limited", "unavailable",
            "internal",
        ]
        refused = Dictionary(
            uniqueKeysWithValues: reasons.map {
                (
                    $0,
                    Counter(
                        label: "webhooks_event_requests_refused_total", dimensions: [("reason", $0)], factory: factory)
                )
            })
        classes = (2...5).map {
            Counter(label: "webhooks_http_requests_total", dimensions: [("class", "\($0)xx")], factory: factory)
        }
    }

    /// A request was answered.
    ///
    /// - Parameter postsEvents: Whether it was one to post events, as far as that was known.
    func answered(_ status: Int, postsEvents: Bool) {
        if case 200..<600 = status { classes[status / 100 - 2].increment() }
        if postsEvents, status >= 400 { refused[Self.reason(status)]?.increment() }
    }

    func tookEvents(_ count: Int, ofThemDuplicates repeated: Int) {
        accepted.increment(by: count - repeated)
        duplicates.increment(by: repeated)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 401: "unauthorized"
        case 403: "forbidden"
        case 409: "conflict"
        case 413: "too_large"
        case 415: "media_type"
        case 429: "limited"
        case 503: "unavailable"
        case 500...: "internal"
        default: "invalid"
        }
    }
}
