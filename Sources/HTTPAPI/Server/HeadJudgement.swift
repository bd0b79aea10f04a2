import NIOHTTP1

/// A request that is refused by its head, or by what arrived of it, in the words of the answer.
struct Refusal: Error, Sendable, Hashable {
    let status: Int
    let message: String
    /// Seconds for `Retry-After`.
    var retryAfter: Int?

    init(_ status: Int, _ message: String, retryAfter: Int? = nil) {
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
    }

    static let tooLargeBody = Refusal(413, "the body is larger than this route takes")
    static let busy = Refusal(503, "too many requests are being worked on", retryAfter: 1)
}

/// What the connection needs to know of a request head that is in order.
struct JudgedHead: Sendable, Hashable {
    /// Path and query, without scheme and authority.
    let target: String
    /// The `Content-Length`, 0 without one.
    let declaredLength: Int
    let isChunked: Bool
    /// The most bytes of body that the route takes.
    let bodyLimit: Int
    let expectsContinue: Bool
    /// Whether the connection ends with the answer.
    let isLast: Bool

    var hasBody: Bool { isChunked || declaredLength > 0 }
}

/// Judges a request head by what two servers could read differently, and by size: before anything of it is used.
///
/// The parser has refused what is malformed already; these are the rules beyond it (RFC 9112, sections 3 and 6).
struct HeadJudgement {
    /// The most bytes of body of a route.
    let bodyLimit: @Sendable (HTTPMethod, _ target: String) -> Int

    func judge(_ head: HTTPRequestHead) throws(Refusal) -> JudgedHead {
        guard head.uri.utf8.count <= ServerLimits.largestTarget else {
            throw Refusal(414, "the request target must be at most 8 KiB")
        }
        let fields = try Self.readFields(head)
        let target = try Self.originForm(head, host: fields.host)
        let isModern = head.version != .http1_0
        guard fields.codings.isEmpty || isModern else {
            throw Refusal(400, "Transfer-Encoding needs HTTP/1.1")
        }
        guard fields.codings.isEmpty || (fields.codings.count == 1 && fields.codings[0].isSame(as: "chunked")) else {
            throw Refusal(400, "the only Transfer-Encoding is chunked")
        }
        guard fields.length >= 0 else { throw Refusal(400, "Content-Length must be a number") }
        let limit = bodyLimit(head.method, target)
        guard fields.length <= limit else { throw .tooLargeBody }
        // After an upgrade the parser reads no further, and HTTP/1.0 has no chunks to say where an answer ends.
        let isLast = fields.closes || !isModern || fields.upgrades || head.method == .CONNECT
        return JudgedHead(
            target: target, declaredLength: fields.length, isChunked: !fields.codings.isEmpty, bodyLimit: limit,
            expectsContinue: fields.expectsContinue && isModern, isLast: isLast)
    }

    /// What is read in one pass over the header.
    private struct Fields {
        var host: String?
        var length = 0
        var codings: [String] = []
        var closes = false
        var upgrades = false
        var expectsContinue = false
    }

    private static func readFields(_ head: HTTPRequestHead) throws(Refusal) -> Fields {
        var fields = Fields()
        var size = 0
        guard head.headers.count <= ServerLimits.mostHeaderFields else {
            throw Refusal(431, "at most \(ServerLimits.mostHeaderFields) header fields are taken")
        }
        for (name, value) in head.headers {
            size += name.utf8.count + value.utf8.count
            switch name.utf8.count {
            case 4 where name.isSame(as: "host"):
                guard fields.host == nil else { throw Refusal(400, "there must be exactly one Host field") }
                fields.host = value
            case 6 where name.isSame(as: "expect"):
                if value.isSame(as: "100-continue") { fields.expectsContinue = true }
            case 7 where name.isSame(as: "upgrade"): fields.upgrades = true
            case 10 where name.isSame(as: "connection"):
                for token in value.split(separator: ",") where token.trimmedOfSpaces.isSame(as: "close") {
                    fields.closes = true
                }
            case 14 where name.isSame(as: "content-length"): fields.length = Int(value) ?? -1
            case 17 where name.isSame(as: "transfer-encoding"): fields.codings.append(value)
            default: break
            }
        }
        guard size <= ServerLimits.largestHeader else {
            throw Refusal(431, "the header fields must be at most 16 KiB together")
        }
        if let host = fields.host {
            guard HostField.isValid(host) else { throw Refusal(400, "the Host field is not a host and port") }
        } else if head.version != .http1_0 {
            throw Refusal(400, "there must be exactly one Host field")
        }
        return fields
    }

    /// The path and query of a target in origin form or, as RFC 9112 demands, in absolute form; `*` stays.
    private static func originForm(_ head: HTTPRequestHead, host: String?) throws(Refusal) -> String {
        let uri = head.uri
        if uri.utf8.first == UInt8(ascii: "/") { return uri }
        if uri == "*", head.method == .OPTIONS { return uri }
        for scheme in ["http://", "https://"] where uri.prefix(scheme.count).isSame(as: scheme) {
            let rest = uri.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
            guard let host, rest[..<end].isSame(as: host) else {
                throw Refusal(400, "the authority of the target must be that of the Host field")
            }
            return rest[end...].utf8.first == UInt8(ascii: "/") ? String(rest[end...]) : "/" + rest[end...]
        }
        throw Refusal(400, "the request target must be a path")
    }
}

extension StringProtocol {
    /// Whether it is the same ASCII text, in any case.
    func isSame(as text: some StringProtocol) -> Bool {
        utf8.count == text.utf8.count
            && utf8.elementsEqual(text.utf8) { $0 == $1 || ($0 ^ $1 == 0x20 && ($0 | 0x20) &- UInt8(ascii: "a") < 26) }
    }

    /// Without spaces and tabs at either end.
    var trimmedOfSpaces: SubSequence {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
        let start = firstIndex { !isSpace($0) } ?? endIndex
        let end = self[start...].lastIndex { !isSpace($0) }.map { index(after: $0) } ?? start
        return self[start..<end]
    }
}
