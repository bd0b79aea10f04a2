import TestSupport
import WebhookModel

/// Posts events of one workspace and knows what each of them must look like when it is delivered.
package struct Producer: Sendable {
    /// An event as it was posted.
    package struct Posted: Sendable {
        package let name: String
        package let recordID: String
        package let record: String
        package let timestamp: String
        package let updatedFields: String?
    }

    package static let names = ["company", "people", "opportunity", "task"].flatMap { entity in
        ["created", "updated", "deleted"].map { "\(entity).\($0)" }
    }

    package let workspace: String
    package let key: String

    package init(workspace: String, key: String) {
        self.workspace = workspace
        self.key = key
    }

    /// The `n`th event: all twelve kinds in turn, with a record whose bytes a careless reader would change.
    package func event(_ n: Int) -> Posted {
        let name = Self.names[n % Self.names.count]
        let recordID = "\(workspace)-\(n)"
        let record =
            #"{"id":"\#(recordID)","n":\#(n),"price":1.50,"tiny":1e-7,"big":12345678901234567890,"#
            + #""text":"a\u00e9\/\"é\u2028 😀","b":null,"a":[true,false,{"z":0,"y":-0.0}],"empty":{}}"#
        let milliseconds = String(n % 1000)
        let padded = String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
        return Posted(
            name: name, recordID: recordID, record: record, timestamp: "2026-04-29T10:30:00.\(padded)Z",
            updatedFields: name.hasSuffix("updated") ? #"["price","text"]"# : nil)
    }

    /// The JSON object that is posted, with white space that must not arrive.
    package func json(_ event: Posted) -> String {
        let fields = event.updatedFields.map { #", "updatedFields" : \#($0)"# } ?? ""
        return
            #"{ "event" : "\#(event.name)" , "record" : \#(event.record), "timestamp":"\#(event.timestamp)"\#(fields) }"#
    }

    /// The body that a webhook must receive.
    package func delivered(_ event: Posted, eventID: String, webhookID: String) -> String {
        let fields = event.updatedFields.map { #","updatedFields":\#($0)"# } ?? ""
        return #"{"event":"\#(event.name)","eventId":"\#(eventID)","webhookId":"\#(webhookID)","#
            + #""workspaceId":"\#(workspace)","recordId":"\#(event.recordID)","record":\#(event.record)\#(fields),"#
            + #""timestamp":"\#(event.timestamp)"}"#
    }
}
