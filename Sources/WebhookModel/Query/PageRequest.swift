/// Where a page of a list begins.
package enum PagePosition<Cursor: Hashable & Sendable>: Hashable, Sendable {
    case beginning
    /// Behind the record of this id, which may have been deleted less than a day ago.
    case after(Cursor)
    /// Just before it.
    case before(Cursor)
}

/// How much of a list is asked for, and from where: `limit`, `starting_after` and `ending_before`.
package struct PageRequest<Cursor: Hashable & Sendable>: Hashable, Sendable {
    package let limit: Int
    package let position: PagePosition<Cursor>

    package init(limit: Int = PageLimit.standard, position: PagePosition<Cursor> = .beginning) {
        self.limit = limit
        self.position = position
    }

    /// Reads the three parameters; nil with a message for each that is wrong.
    ///
    /// - Parameter cursor: Reads an id of this list.
    package init?(
        _ query: QueryString, messages: inout [String], cursor: (String) -> Cursor?
    ) {
        let before = messages.count
        let limit = query["limit"].map(PageLimit.read) ?? PageLimit.standard
        if limit == nil {
            messages.append("limit must be an integer from 0 to \(PageLimit.maximum)")
        }
        var position = PagePosition<Cursor>.beginning
        switch (query["starting_after"], query["ending_before"]) {
        case (nil, nil): break
        case (.some, .some): messages.append("starting_after and ending_before must not be given together")
        case (let text?, nil):
            if let id = cursor(text) { position = .after(id) } else { messages.append(unknownCursor("starting_after")) }
        case (nil, let text?):
            if let id = cursor(text) { position = .before(id) } else { messages.append(unknownCursor("ending_before")) }
        }
        guard let limit, messages.count == before else { return nil }
        self.init(limit: limit, position: position)
    }

    /// What is said of a cursor that names nothing of the list.
    package var unknownCursorMessage: String {
        if case .before = position { unknownCursor("ending_before") } else { unknownCursor("starting_after") }
    }
}

private func unknownCursor(_ parameter: String) -> String { "\(parameter) is not the id of a record of this list" }

/// How many records a page may hold.
package enum PageLimit {
    package static let standard = 60
    package static let maximum = 1000

    /// 0 to 1000 in plain decimal digits; nil for anything else.
    static func read(_ text: String) -> Int? {
        guard text.utf8.count <= 19, text.utf8.allSatisfy(ASCII.isDigit), let number = Int(text), number <= maximum
        else {
            return nil
        }
        return number
    }
}
