/// The body of a registration. nil leaves a field out.
package struct NewWebhook: Encodable, Sendable {
    package var targetUrl: String
    package var operations: [String]
    package var description: String?
    package var secret: String?
    package var isEnabled: Bool?

    package init(
        targetUrl: String, operations: [String], description: String? = nil, secret: String? = nil,
        isEnabled: Bool? = nil
    ) {
        self.targetUrl = targetUrl
        self.operations = operations
        self.description = description
        self.secret = secret
        self.isEnabled = isEnabled
    }
}

/// What a change does to one field.
package enum FieldUpdate<Value: Encodable & Sendable>: Sendable {
    /// The field is not in the body.
    case keep
    /// It is null.
    case null
    case set(Value)
}

/// The body of a change.
package struct WebhookUpdate: Encodable, Sendable {
    package var targetUrl: FieldUpdate<String>
    package var operations: FieldUpdate<[String]>
    package var description: FieldUpdate<String>
    package var secret: FieldUpdate<String>
    package var isEnabled: FieldUpdate<Bool>

    package init(
        targetUrl: FieldUpdate<String> = .keep, operations: FieldUpdate<[String]> = .keep,
        description: FieldUpdate<String> = .keep, secret: FieldUpdate<String> = .keep,
        isEnabled: FieldUpdate<Bool> = .keep
    ) {
        self.targetUrl = targetUrl
        self.operations = operations
        self.description = description
        self.secret = secret
        self.isEnabled = isEnabled
    }

    private enum CodingKeys: CodingKey { case targetUrl, operations, description, secret, isEnabled }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func write<Value>(_ update: FieldUpdate<Value>, _ key: CodingKeys) throws {
            switch update {
            case .keep: break
            case .null: try container.encodeNil(forKey: key)
            case .set(let value): try container.encode(value, forKey: key)
            }
        }
        try write(targetUrl, .targetUrl)
        try write(operations, .operations)
        try write(description, .description)
        try write(secret, .secret)
        try write(isEnabled, .isEnabled)
    }
}

/// What a list of webhooks is asked for.
package struct ListParameters: Sendable {
    package var limit: Int?
    package var startingAfter: String?
    package var endingBefore: String?
    package var orderBy: String?
    package var filter: String?

    package init(
        limit: Int? = nil, startingAfter: String? = nil, endingBefore: String? = nil, orderBy: String? = nil,
        filter: String? = nil
    ) {
        self.limit = limit
        self.startingAfter = startingAfter
        self.endingBefore = endingBefore
        self.orderBy = orderBy
        self.filter = filter
    }

    /// The query string, everything but letters and digits percent-encoded.
    package var encoded: String {
        [
            ("limit", limit.map { "\($0)" }), ("starting_after", startingAfter), ("ending_before", endingBefore),
            ("order_by", orderBy), ("filter", filter),
        ].compactMap { name, value in value.map { "\(name)=\(percentEncoded($0))" } }.joined(separator: "&")
    }
}

/// A text as it may stand as a value in a query string.
package func percentEncoded(_ text: String) -> String {
    var output = ""
    for byte in text.utf8 {
        let scalar = Unicode.Scalar(byte)
        if scalar.isASCII, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
            output.unicodeScalars.append(scalar)
        } else {
            output += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return output
}
