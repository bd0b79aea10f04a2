import Foundation

@testable import WebhookModel

private let limits = JSONLimits(depth: 130, members: 1_001_100)

/// Any bytes as a request body: what the strict reader accepts, Foundation's reads too and as the same value; what is made
/// of it is again acceptable.
func fuzzJSON(_ body: [UInt8]) {
    readRequests(body)
    guard let document = try? JSONDocument(body, limits: limits) else { return }
    var compact: [UInt8] = []
    document.root.appendCompact(to: &compact)
    require(compact.count == document.root.compactCount, "the compact length is known before")
    require(compact == lessWhiteSpace(body), "only white space between tokens goes")
    guard let again = try? JSONDocument(compact, limits: limits) else {
        return require(false, "the compact form is accepted")
    }
    require(again.nodes.count == document.nodes.count, "the compact form has the same values")
    for index in document.nodes.indices { checkValue(JSONValue(document: document, index: index)) }
    // Foundation refuses numbers beyond Double's range, which the reader passes on as they are.
    guard !body.contains(UInt8(ascii: "e")), !body.contains(UInt8(ascii: "E")) else { return }
    require(canonical(body) != nil, "Foundation accepts it")
    require(canonical(body) == canonical(compact), "the compact form is the same value")
}

private func checkValue(_ value: JSONValue) {
    require(value.range.upperBound <= value.document.bytes.count && !value.range.isEmpty, "a value lies in the text")
    require((value.string != nil) == value.isString, "every string can be read")
    require(
        value.integer.map { $0 == Int64(String(decoding: value.document.bytes[value.range], as: UTF8.self)) } ?? true,
        "integers")
    guard let members = value.members else { return }
    let keys = members.map { Array($0.key.utf8) }
    require(Set(keys).count == keys.count, "an object has no key twice")
}

/// White space outside strings taken away, byte by byte.
private func lessWhiteSpace(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var inString = false
    var isEscaped = false
    for byte in text {
        if inString {
            output.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                inString = false
            }
        } else if ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            output.append(byte)
            inString = byte == 0x22
        }
    }
    return output
}

private func canonical(_ text: [UInt8]) -> Data? {
    guard let value = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed) else {
        return nil
    }
    return try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
}

private func readRequests(_ body: [UInt8]) {
    let policy = RegistrationPolicy()
    if let draft = try? WebhookDraft.read(body, policy: policy) {
        require((try? TargetURL(draft.targetUrl, policy: .strict)) != nil, "a registered target is a target")
        require(draft.operations.allSatisfy { OperationPattern(stored: $0) != nil }, "registered patterns are patterns")
        let made = WebhookJSON.created(draft.webhook(id: .new(milliseconds: 1), now: 1, version: 1))
        require((try? JSONDocument(made, limits: limits)) != nil, "the answer is acceptable JSON")
    }
    _ = try? WebhookPatch.read(body, policy: policy)
    _ = try? SecretRotation.read(body)
    guard let request = try? EventRequest.read(body), let workspace = WorkspaceName("fuzz") else { return }
    for event in request.events {
        let id = EventID.new(milliseconds: 1)
        let stored = event.storedBody(eventID: id, workspace: workspace, now: 1)
        guard let head = DeliveredBody.head(of: stored) else { return require(false, "a stored body has a head") }
        require(head.eventID == id && head.operation == event.operation, "a stored body says its event")
        var delivered: [UInt8] = []
        DeliveredBody.append(
            stored, spliceOffset: head.spliceOffset, webhookID: .new(milliseconds: 2), to: &delivered)
        guard let document = try? JSONDocument(delivered, limits: limits) else {
            return require(false, "what is delivered is acceptable JSON")
        }
        var record: [UInt8] = []
        event.record.appendCompact(to: &record)
        let range = document.root.member("record")?.range
        require(range.map { Array(delivered[$0]) } == record, "the record keeps its bytes")
    }
}
