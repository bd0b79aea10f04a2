/// What decides whether a registration is acceptable, beside the request itself.
package struct RegistrationPolicy: Hashable, Sendable {
    package let targets: TargetPolicy
    package let entities: EntityCatalog

    package init(targets: TargetPolicy = .strict, entities: EntityCatalog = .standard) {
        self.targets = targets
        self.entities = entities
    }
}

/// Reads the fields of a registration and collects everything that is wrong with them.
struct RegistrationFields {
    static let maximumOperations = 100
    static let maximumDescription = 1000
    /// More of a wrong pattern is not repeated in a message, in Unicode scalars.
    private static let maximumEcho = 64

    let body: JSONValue
    let policy: RegistrationPolicy
    private(set) var messages: [String] = []

    /// - Throws: a refusal when the body is not exactly one JSON object.
    init(_ bytes: [UInt8], policy: RegistrationPolicy) throws(RequestRefused) {
        body = try RequestBody.object(bytes, limits: .registration)
        self.policy = policy
    }

    /// - Throws: a refusal with every message so far.
    func finish() throws(RequestRefused) {
        if !messages.isEmpty { throw RequestRefused(messages: messages) }
    }

    mutating func refuse(_ message: String) {
        messages.append(message)
    }

    /// The verbatim target; nil when it is wrong.
    mutating func targetUrl(_ value: JSONValue) -> String? {
        guard let text = value.string else {
            refuse("targetUrl must be a string")
            return nil
        }
        do throws(TargetURL.Problem) {
            _ = try TargetURL(text, policy: policy.targets)
            return text
        } catch {
            refuse("targetUrl \(error)")
            return nil
        }
    }

    /// The verbatim patterns; nil when one of them is wrong.
    mutating func operations(_ value: JSONValue) -> [String]? {
        guard let elements = value.elements else {
            refuse("operations must be an array")
            return nil
        }
        guard !elements.isEmpty else {
            refuse("operations must not be empty")
            return nil
        }
        guard elements.count <= Self.maximumOperations else {
            refuse("operations must have at most \(Self.maximumOperations) elements")
            return nil
        }
        var patterns: [String] = []
        for (position, element) in elements.enumerated() {
            guard let text = element.string else {
                refuse("operations[\(position)] must be a string")
                continue
            }
            if OperationPattern(text, in: policy.entities) == nil {
                refuse("operations[\(position)] \(Self.echo(text)) is not a valid operation")
            }
            patterns.append(text)
        }
        return patterns
    }

    mutating func description(_ value: JSONValue) -> FieldChange<String> {
        if value.isNull { return .clear }
        guard let text = value.string else {
            refuse("description must be a string")
            return .keep
        }
        guard text.unicodeScalars.count <= Self.maximumDescription else {
            refuse("description must be at most \(Self.maximumDescription) characters long")
            return .keep
        }
        return .set(text)
    }

    /// null and `""` mean no secret.
    mutating func secret(_ value: JSONValue) -> FieldChange<Secret> {
        if value.isNull { return .clear }
        guard let text = value.string else {
            refuse("secret must be a string")
            return .keep
        }
        if text.isEmpty { return .clear }
        do throws(Secret.Problem) {
            return .set(try Secret(text))
        } catch {
            refuse("secret \(error)")
            return .keep
        }
    }

    mutating func isEnabled(_ value: JSONValue) -> Bool? {
        guard let flag = value.bool else {
            refuse("isEnabled must be a boolean")
            return nil
        }
        return flag
    }

    /// A quoted text for a message, cut when it is long.
    static func echo(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > maximumEcho else { return "\"\(text)\"" }
        return "\"\(String(String.UnicodeScalarView(scalars.prefix(maximumEcho))))…\""
    }
}

/// What a request does to a field that may be absent: leave it, take its value away, or give it one.
package enum FieldChange<Value: Sendable & Hashable>: Sendable, Hashable {
    case keep
    case clear
    case set(Value)

    /// The value after the change.
    package func applied(to value: Value?) -> Value? {
        switch self {
        case .keep: value
        case .clear: nil
        case .set(let new): new
        }
    }
}

/// The way from the bytes of a request body to its JSON object.
enum RequestBody {
    static func object(_ bytes: [UInt8], limits: JSONLimits) throws(RequestRefused) -> JSONValue {
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(bytes, limits: limits)
        } catch {
            throw RequestRefused(error.description)
        }
        guard document.root.isObject else { throw RequestRefused("the body must be a JSON object") }
        return document.root
    }
}
