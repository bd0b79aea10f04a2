/// Reads the fields of one event and collects everything that is wrong with them.
///
/// null counts as absent for every field that is not required.
struct EventReader {
    private static let maximumText = 255

    /// What stands before each field's name in messages: empty, or `events[3].`.
    let prefix: String
    let catalog: EntityCatalog
    private(set) var messages: [String] = []

    init(prefix: String, catalog: EntityCatalog) {
        self.prefix = prefix
        self.catalog = catalog
    }

    /// nil when a message was left.
    mutating func read(_ object: JSONValue) -> IncomingEvent? {
        if object.memberCount > EventRequest.maximumEventMembers {
            messages.append(
                "\(prefix)record must have at most \(EventRequest.maximumEventMembers) members and elements")
        }
        let operation = readOperation(object.member("event"))
        let record = readRecord(object.member("record"))
        var recordID: JSONValue?
        if let record { recordID = readRecordID(given(object, "recordId"), record: record) }
        let updatedFields = given(object, "updatedFields")
        if let updatedFields { check(updatedFields: updatedFields, action: operation?.action) }
        let metadataID = given(object, "objectMetadataId")
        if let metadataID { checkText(metadataID, "objectMetadataId") }
        let timestamp = given(object, "timestamp")
        if let timestamp { check(timestamp: timestamp) }
        let producerID = given(object, "id")
        if let producerID {
            checkText(producerID, "id")
            if producerID.string?.isEmpty == true { refuse("id must not be empty") }
        }
        guard messages.isEmpty, let operation, let record, let recordID else { return nil }
        return IncomingEvent(
            operation: operation, producerID: producerID?.string, record: record, recordID: recordID,
            updatedFields: updatedFields, objectMetadataID: metadataID, timestamp: timestamp)
    }

    private mutating func refuse(_ message: String) {
        messages.append(prefix + message)
    }

    /// The value of an optional field unless it is null.
    private func given(_ object: JSONValue, _ name: StaticString) -> JSONValue? {
        guard let value = object.member(name), !value.isNull else { return nil }
        return value
    }

    private mutating func readOperation(_ value: JSONValue?) -> Operation? {
        guard let value, !value.isNull else {
            refuse("event is required")
            return nil
        }
        guard let text = value.string else {
            refuse("event must be a string")
            return nil
        }
        guard let operation = Operation(text, in: catalog) else {
            refuse("event \(RegistrationFields.echo(text)) is not a valid event")
            return nil
        }
        return operation
    }

    private mutating func readRecord(_ value: JSONValue?) -> JSONValue? {
        guard let value, !value.isNull else {
            refuse("record is required")
            return nil
        }
        guard value.isObject else {
            refuse("record must be an object")
            return nil
        }
        return value
    }

    /// The string value that names the record: `recordId`, or else the record's own `id`.
    private mutating func readRecordID(_ given: JSONValue?, record: JSONValue) -> JSONValue? {
        let own = self.given(record, "id")
        guard let given else {
            if own?.isString != true { refuse("recordId is required when record.id is not a string") }
            return own
        }
        guard let text = given.string else {
            refuse("recordId must be a string")
            return nil
        }
        if let own, own.string.map({ $0.utf8.elementsEqual(text.utf8) }) != true {
            refuse("recordId must agree with record.id")
        }
        return given
    }

    private mutating func check(updatedFields: JSONValue, action: Action?) {
        guard let elements = updatedFields.elements, elements.allSatisfy(\.isString) else {
            return refuse("updatedFields must be an array of strings")
        }
        if let action, action != .updated { refuse("updatedFields is only allowed for updated events") }
    }

    private mutating func check(timestamp: JSONValue) {
        if timestamp.string.flatMap({ Timestamp.parse($0) }) == nil {
            refuse("timestamp must be an ISO-8601 date-time")
        }
    }

    private mutating func checkText(_ value: JSONValue, _ name: StaticString) {
        guard let text = value.string else { return refuse("\(name) must be a string") }
        if text.unicodeScalars.count > Self.maximumText {
            refuse("\(name) must be at most \(Self.maximumText) characters long")
        }
    }
}
