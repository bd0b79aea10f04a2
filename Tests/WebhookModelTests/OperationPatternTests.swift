import Testing

@testable import WebhookModel

@Suite struct OperationPatternTests {
    private static let entities = ["company", "people", "opportunity", "task"]
    private static let actions = Action.allCases

    /// Every accepted spelling with its canonical text.
    private static let accepted: [(String, String)] =
        canonical.map { ($0, $0) } + [
            ("*.*", "*"), ("person.created", "people.created"), ("person.updated", "people.updated"),
            ("person.deleted", "people.deleted"), ("person.*", "people.*"),
        ]

    private static let canonical: [String] = {
        var texts = ["*"]
        for entity in entities { texts += actions.map { "\(entity).\($0.rawValue)" } + ["\(entity).*"] }
        return texts + actions.map { "*.\($0.rawValue)" }
    }()

    @Test(arguments: accepted)
    func `each of the four forms is read and has one canonical text`(text: String, canonical: String) throws {
        let pattern = try #require(OperationPattern(text, in: .standard))
        #expect(pattern.description == canonical)
        #expect(OperationPattern(stored: text) == pattern)
        #expect(OperationPattern(canonical, in: .standard) == pattern)
    }

    @Test(arguments: [
        "", " ", ".", "..", "*.", ".*", "**", "* ", " *", "*.*.*", "company", "company.", ".created", "created",
        "company.created.", ".company.created", "company..created", "company.created.v1", "company.create",
        "company.Created", "Company.created", "COMPANY.*", "companies.created", "tasks.updated", "persons.created",
        "Person.created", "contact.created", "company.destroyed", "*.restored", "company.created ", " company.created",
        "company .created", "company. created", "company.created\n", "company.created\u{0}", "company/created",
        "company:created", "company.cre*", "comp*.created", "?.created", "company.\u{FF0A}", "comp\u{430}ny.created",
        "company\u{FF0E}created", "company.created\u{301}", "company.\u{301}created", "*\u{301}",
        "people.cre\u{200B}ated", "null", "opportunity.*.created", "_.created", "1.created",
    ])
    func `anything else is no pattern`(text: String) {
        #expect(OperationPattern(text, in: .standard) == nil)
    }

    @Test func `a pattern matches exactly what the table of the contract says`() throws {
        for pattern in Self.accepted.map(\.0) {
            let read = try #require(OperationPattern(pattern, in: .standard))
            let parts = pattern.replacing("person", with: "people").split(separator: ".").map(String.init)
            for entity in Self.entities {
                for action in Self.actions {
                    let entityFits = parts[0] == "*" || parts[0] == entity
                    let actionFits = parts.count == 1 || parts[1] == "*" || parts[1] == action.rawValue
                    let operation = Operation(entity: entity, action: action)
                    #expect(read.matches(operation) == (entityFits && actionFits), "\(pattern) and \(operation)")
                }
            }
        }
    }

    @Test func `a pattern matches an operation exactly when it is one of its candidates`() throws {
        let patterns = try Self.accepted.map { try #require(OperationPattern($0.0, in: .standard)) }
        for entity in Self.entities + ["person"] {
            for action in Self.actions {
                let operation = Operation(entity: entity, action: action)
                #expect(Set(operation.candidatePatterns).count == 4)
                for pattern in patterns {
                    #expect(pattern.matches(operation) == operation.candidatePatterns.contains(pattern))
                }
            }
        }
    }

    @Test func `person is an alias of people in subscriptions and in events`() throws {
        let event = try #require(Operation("person.created", in: .standard))
        #expect(event.name == "people.created")
        #expect(event == Operation("people.created", in: .standard))
        #expect(try #require(OperationPattern("people.*", in: .standard)).matches(event))
        #expect(try #require(OperationPattern("person.*", in: .standard)).matches(event))
        #expect(Operation(entity: "person", action: .deleted).entity == "people")
        #expect(OperationPattern(entity: "person", action: nil).entity == "people")
    }

    @Test(arguments: ["*", "*.*", "*.created", "people.*", "person.*", "contact.created", "people"])
    func `an event is concrete`(text: String) {
        #expect(Operation(text, in: .standard) == nil)
    }

    @Test func `a stored pattern is read though its entity has left the catalog`() throws {
        #expect(OperationPattern("invoice.created", in: .standard) == nil)
        let stored = try #require(OperationPattern(stored: "invoice.created"))
        #expect(stored.matches(try #require(Operation(stored: "invoice.created"))))
        #expect(OperationPattern(stored: "invoice.paid") == nil)
        #expect(OperationPattern(stored: "Invoice.created") == nil)
    }

    @Test(arguments: [
        ("*", "company.created"), ("*.*", "company.created"), ("*.deleted", "company.deleted"),
        ("task.*", "task.created"), ("person.updated", "people.updated"),
        ("opportunity.deleted", "opportunity.deleted"),
    ])
    func `a test event takes company and created for wildcards`(pattern: String, operation: String) throws {
        #expect(try #require(OperationPattern(pattern, in: .standard)).exampleOperation.name == operation)
    }
}

@Suite struct EntityCatalogTests {
    @Test func `more entities can be allowed beside the four`() throws {
        let catalog = try EntityCatalog(additional: ["invoice", "customObject_2"])
        #expect(catalog.sortedNames == ["company", "customObject_2", "invoice", "opportunity", "people", "task"])
        for text in ["invoice.created", "customObject_2.*", "people.updated", "person.*", "*"] {
            #expect(OperationPattern(text, in: catalog) != nil, "\(text)")
        }
        #expect(OperationPattern("Invoice.created", in: catalog) == nil)
        #expect(OperationPattern("contact.created", in: catalog) == nil)
    }

    @Test func `the alias is no entity of its own`() throws {
        #expect(EntityCatalog.standard.contains("person"))
        #expect(EntityCatalog.standard.sortedNames == ["company", "opportunity", "people", "task"])
        #expect(try EntityCatalog(additional: ["person"]) == .standard)
        #expect(try EntityCatalog(additional: []) == .standard)
    }

    @Test(arguments: [
        "", " ", "*", "Invoice", "1invoice", "_invoice", "in voice", "in.voice", "in-voice", "in\"voice", "in\nvoice",
        "fakt\u{FC}ra", String(repeating: "a", count: 64),
    ])
    func `a name that could not stand in an operation is refused by name`(name: String) throws {
        let problem = try #require(throws: EntityCatalog.Problem.self) { try EntityCatalog(additional: ["ok", name]) }
        #expect(problem.name == name)
        #expect(problem.description.hasPrefix("\"\(name)\" is not an entity name"))
    }

    @Test func `a name of 63 characters is the longest`() throws {
        let name = String(repeating: "a", count: 63)
        let catalog = try EntityCatalog(additional: [name])
        #expect(OperationPattern("\(name).created", in: catalog)?.description == "\(name).created")
    }
}
