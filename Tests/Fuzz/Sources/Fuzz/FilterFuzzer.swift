@testable import WebhookModel

private let webhooks: [Webhook] = [
    Webhook(
        id: WebhookID(UUIDValue(high: 0x017F_22E2_79B0_7CC3, low: 0x98C4_DC0C_0C07_398F)),
        targetUrl: "https://example.com/a?b,c",
        operations: ["people.created", "*"], description: "Straße, (1) \"q\"", createdAt: 0,
        updatedAt: 1_795_424_400_000, version: 1),
    Webhook(
        id: WebhookID(UUIDValue(high: 1, low: 2)), targetUrl: "HTTPS://B.example", operations: ["task.*"],
        isEnabled: false,
        createdAt: 1_795_424_400_000, updatedAt: 1_795_424_400_001, version: 2),
]

/// Any text as a filter, and as a whole query string.
func fuzzFilter(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    if let query = try? ListQuery.read(text) {
        require((0...1000).contains(query.page.limit), "the limit is in its bounds")
        if let filter = query.filter { evaluate(filter) }
    }
    do throws(FilterProblem) {
        let filter = try Filter(text)
        require(input.count <= Filter.maximumBytes, "an accepted filter is short")
        evaluate(filter)
        checkGroups(text, filter)
    } catch {
        require(
            !error.description.isEmpty && !error.example.isEmpty, "a refusal says what is wrong and how it is right")
        require(error.description.utf8.count <= 1024, "a refusal is short: \(error.description.utf8.count)")
        require((try? Filter(error.example)) != nil, "the example is a filter: \(error.example)")
    }
}

private func evaluate(_ filter: Filter) {
    require(depth(filter) <= Filter.maximumDepth + 2, "groups are bounded")
    for webhook in webhooks {
        require(Filter.not(filter).matches(webhook) != filter.matches(webhook), "not is the opposite")
        require(
            Filter.and([filter, filter]).matches(webhook) == filter.matches(webhook), "and of the same is the same")
    }
}

private func depth(_ filter: Filter) -> Int {
    switch filter {
    case .and(let parts), .or(let parts): 1 + (parts.map(depth).max() ?? 0)
    case .not(let part): 1 + depth(part)
    case .comparison: 0
    }
}

/// A filter in a group means the same. A ")" in a bare value would close the group, so there must be none.
private func checkGroups(_ text: String, _ filter: Filter) {
    guard !text.utf8.contains(UInt8(ascii: ")")), let grouped = try? Filter("not(and(\(text)))") else { return }
    for webhook in webhooks { require(grouped.matches(webhook) != filter.matches(webhook), "a group changes nothing") }
}
