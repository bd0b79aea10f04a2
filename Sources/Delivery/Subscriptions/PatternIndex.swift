package import WebhookModel

/// The enabled webhooks of one workspace by the patterns that they subscribe to.
///
/// A match looks up the few patterns that fit an operation and merges their sorted lists: its cost depends on the webhooks
/// found, not on the webhooks there are.
package struct PatternIndex: Sendable {
    private var lists: [OperationPattern: [WebhookID]] = [:]

    package init() {}

    /// Whether no webhook is in it.
    package var isEmpty: Bool { lists.isEmpty }

    /// Adds a webhook; patterns that repeat count once. Cheap when ids come in their order.
    package mutating func insert(_ id: WebhookID, patterns: some Sequence<OperationPattern>) {
        for pattern in patterns { lists[pattern, default: []].insertSorted(id) }
    }

    /// Removes a webhook that was inserted with these patterns.
    package mutating func remove(_ id: WebhookID, patterns: some Sequence<OperationPattern>) {
        for pattern in patterns {
            lists[pattern]?.removeSorted(id)
            if lists[pattern]?.isEmpty == true { lists[pattern] = nil }
        }
    }

    /// Up to `limit` matching webhooks behind `cursor` in the order of their ids, each once.
    ///
    /// - Returns: the ids, and whether no further one matches.
    package func matches(
        _ operation: Operation, after cursor: WebhookID?, limit: Int
    ) -> (ids: [WebhookID], isLast: Bool) {
        var candidates: [ArraySlice<WebhookID>] = []
        for pattern in operation.candidatePatterns {
            guard let list = lists[pattern] else { continue }
            let rest = list[(cursor.map { list.firstIndex(above: $0) } ?? 0)...]
            if !rest.isEmpty { candidates.append(rest) }
        }
        if candidates.count == 1 {
            let found = candidates[0].prefix(limit)
            return (Array(found), found.count == candidates[0].count)
        }
        return Self.merge(&candidates, limit: limit)
    }

    private static func merge(
        _ lists: inout [ArraySlice<WebhookID>], limit: Int
    ) -> (ids: [WebhookID], isLast: Bool) {
        var ids: [WebhookID] = []
        while true {
            var least: WebhookID?
            for list in lists {
                guard let first = list.first else { continue }
                if let known = least { least = min(known, first) } else { least = first }
            }
            guard let least else { return (ids, true) }
            guard ids.count < limit else { return (ids, false) }
            ids.append(least)
            for index in lists.indices where lists[index].first == least { lists[index].removeFirst() }
        }
    }
}

extension Array where Element: Comparable {
    /// The first position whose element is greater than `element`, in a sorted array.
    fileprivate func firstIndex(above element: Element) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] <= element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate mutating func insertSorted(_ element: Element) {
        guard let last, element <= last else {
            append(element)
            return
        }
        let position = firstIndex(above: element)
        if position > 0, self[position - 1] == element { return }
        insert(element, at: position)
    }

    fileprivate mutating func removeSorted(_ element: Element) {
        let position = firstIndex(above: element) - 1
        if position >= 0, self[position] == element { remove(at: position) }
    }
}
