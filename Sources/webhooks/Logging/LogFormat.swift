/// How a log line is written.
enum LogFormat: String, Sendable {
    case json
    case text
}
