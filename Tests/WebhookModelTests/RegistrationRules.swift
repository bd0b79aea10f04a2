import Testing

@testable import WebhookModel

/// One wrong value of one field of a registration, and what is said about it.
struct WrongField: Sendable, CustomTestStringConvertible {
    let field: String
    /// JSON text.
    let value: String
    let message: String

    init(_ field: String, _ value: String, _ message: String) {
        self.field = field
        self.value = value
        self.message = message
    }

    var testDescription: String { "\(field): \(value.prefix(60))" }

    private static let long = String(repeating: "x", count: 2048)
    private static let notURLs: [WrongField] = [
        WrongField("targetUrl", "\"\"", "must be an absolute URL: https://host/path"),
        WrongField("targetUrl", "\"example.com/hook\"", "must be an absolute URL: https://host/path"),
        WrongField("targetUrl", "\"/hook\"", "must be an absolute URL: https://host/path"),
        WrongField("targetUrl", "\"https:/example.com\"", "must be an absolute URL: https://host/path"),
        WrongField("targetUrl", "\"https:///x\"", "must be an absolute URL: https://host/path"),
        WrongField("targetUrl", "\"http://example.com/\"", "must use https"),
        WrongField("targetUrl", "\"ftp://example.com/\"", "must use https"),
        WrongField("targetUrl", "\"https://exa mple.com/\"", "contains a character that is not allowed in a URL"),
        WrongField("targetUrl", "\"https://ex\\u00e4mple.com/\"", "contains a character that is not allowed in a URL"),
        WrongField("targetUrl", "\"https://example.com/\\u0000\"", "contains a character that is not allowed in a URL"),
        WrongField(
            "targetUrl", "\"https://example.com/\\r\\nx: y\"", "contains a character that is not allowed in a URL"),
        WrongField("targetUrl", "\"https://u:p@example.com/\"", "must not contain user information"),
        WrongField("targetUrl", "\"https://example.com/#x\"", "must not contain a fragment"),
        WrongField(
            "targetUrl", "\"https://example.com/%zz\"", "contains a % that is not followed by two hexadecimal digits"),
        WrongField(
            "targetUrl", "\"https://1.2.3/\"", "has a host that is neither a plain ASCII name nor an IP address"),
        WrongField("targetUrl", "\"https://localhost/\"", "must not name an internal host"),
        WrongField("targetUrl", "\"https://example.com:0/\"", "has a port that is not a number from 1 to 65535"),
        WrongField(
            "targetUrl", "\"https://example.com:22/\"", "uses a port that is not allowed: use 443, 80 or one above 1023"
        ),
        WrongField("targetUrl", "\"https://127.0.0.1/\"", "is refused: target address is not allowed"),
        WrongField("targetUrl", "\"https://[::1]/\"", "is refused: target address is not allowed"),
        WrongField("targetUrl", "\"https://example.com/\(long)\"", "must be at most 2048 bytes long"),
    ].map { WrongField("targetUrl", $0.value, "targetUrl \($0.message)") }

    /// What is wrong in a registration and in a change alike.
    static let all: [WrongField] =
        notURLs
        + ["1", "true", "[]", "{}", "[\"https://example.com/\"]"].map {
            WrongField("targetUrl", $0, "targetUrl must be a string")
        }
        + ["1", "\"*\"", "{}", "true"].map { WrongField("operations", $0, "operations must be an array") }
        + [
            WrongField("operations", "[]", "operations must not be empty"),
            WrongField("operations", "[\"*\",1]", "operations[1] must be a string"),
            WrongField("operations", "[null]", "operations[0] must be a string"),
            WrongField("operations", "[\"*\",[\"*\"]]", "operations[1] must be a string"),
            WrongField(
                "operations", "[\"people.created\",\"contact.created\"]",
                "operations[1] \"contact.created\" is not a valid operation"),
            WrongField("operations", "[\"\"]", "operations[0] \"\" is not a valid operation"),
            WrongField(
                "operations", "[\"People.created\"]", "operations[0] \"People.created\" is not a valid operation"),
            WrongField(
                "operations", "[\"\(String(repeating: "y", count: 65))\"]",
                "operations[0] \"\(String(repeating: "y", count: 64))…\" is not a valid operation"),
            WrongField(
                "operations", "[" + repeatElement("\"*\"", count: 101).joined(separator: ",") + "]",
                "operations must have at most 100 elements"),
        ]
        + ["1", "false", "[]", "{}"].map { WrongField("description", $0, "description must be a string") }
        + [
            WrongField(
                "description", "\"\(String(repeating: "d", count: 1001))\"",
                "description must be at most 1000 characters long"),
            WrongField(
                "description", "\"\(String(repeating: "\\ud83d\\ude00", count: 1001))\"",
                "description must be at most 1000 characters long"),
        ]
        + ["1", "false", "[]", "{}"].map { WrongField("secret", $0, "secret must be a string") }
        + [
            WrongField("secret", "\"\(String(repeating: "s", count: 257))\"", "secret must be at most 256 bytes long"),
            WrongField(
                "secret", "\"\(String(repeating: "\\u00e9", count: 129))\"", "secret must be at most 256 bytes long"),
            WrongField(
                "secret", "\"whsec_tooshort\"",
                "secret must be whsec_ followed by the padded standard base64 of 24 to 64 bytes when it starts with whsec_"
            ),
        ]
        + ["1", "0", "\"true\"", "[]", "{}"].map { WrongField("isEnabled", $0, "isEnabled must be a boolean") }
}

/// What a reader of request bodies says is wrong; empty when it takes the body.
func messages<Value>(_ body: String, _ read: ([UInt8]) throws(RequestRefused) -> Value) -> [String] {
    refusal(body, read)?.messages ?? []
}

func refusal<Value>(_ body: String, _ read: ([UInt8]) throws(RequestRefused) -> Value) -> RequestRefused? {
    do throws(RequestRefused) {
        _ = try read(bytes(body))
        return nil
    } catch {
        return error
    }
}
