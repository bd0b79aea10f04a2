/// What `GET /rest/webhooks` is asked for.
package struct ListQuery: Hashable, Sendable {
    package let page: PageRequest<WebhookID>
    package let order: ListOrder
    /// nil takes every webhook.
    package let filter: Filter?

    package init(
        page: PageRequest<WebhookID> = PageRequest(), order: ListOrder = .byCreation, filter: Filter? = nil
    ) {
        self.page = page
        self.order = order
        self.filter = filter
    }

    /// The parameters it reads.
    package static let parameters: Set<String> = ["limit", "starting_after", "ending_before", "order_by", "filter"]

    /// Reads a raw query string.
    ///
    /// - Throws: a refusal that names every parameter that is wrong. Unknown ones are ignored.
    package static func read(_ rawQuery: some StringProtocol) throws(RequestRefused) -> ListQuery {
        let query = try QueryString(rawQuery, known: parameters)
        var messages: [String] = []
        let page = PageRequest(query, messages: &messages) { WebhookID($0) }
        var order = ListOrder.byCreation
        if let text = query["order_by"] {
            do throws(RequestRefused) { order = try ListOrder.read(text) } catch { messages += error.messages }
        }
        var filter: Filter?
        if let text = query["filter"] {
            do throws(FilterProblem) { filter = try Filter(text) } catch { messages.append("filter: \(error)") }
        }
        guard let page, messages.isEmpty else { throw RequestRefused(messages: messages) }
        return ListQuery(page: page, order: order, filter: filter)
    }

    /// Whether the index of the workspace answers it without looking at any other webhook than the page's.
    package var isPlain: Bool { filter == nil && order.isByCreation }
}
