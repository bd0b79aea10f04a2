import Hummingbird
import HTTPTypes
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

/// An answer that is no success, with all that the client is told.
struct APIRefusal: Error {
    let status: Int
    let messages: [String]
    var headers: HTTPFields

    init(_ status: Int, _ messages: [String], headers: HTTPFields = [:]) {
        self.status = status
        self.messages = messages
        self.headers = headers
    }

    init(_ status: Int, _ message: String, headers: HTTPFields = [:]) {
        self.init(status, [message], headers: headers)
    }

    /// Unknown, deleted, or another workspace's: the same answer.
    static let noWebhook = APIRefusal(404, "there is no webhook with this id")
    static let noRoute = APIRefusal(404, "there is no such path")
    static let redisAway = unavailable("the store cannot be reached; nothing is known to be stored", retryAfter: 2)

    static func methodNotAllowed(allow: String) -> APIRefusal {
        APIRefusal(405, "this path answers to \(allow)", headers: [.allow: allow])
    }

    static func unavailable(_ message: String, retryAfter seconds: Int) -> APIRefusal {
        APIRefusal(503, message, headers: [.retryAfter: "\(seconds)"])
    }

    static func tooMany(_ message: String, retryAfter seconds: Int) -> APIRefusal {
        APIRefusal(429, message, headers: [.retryAfter: "\(seconds)"])
    }

    var response: Response {
        .json(HTTPResponse.Status(code: status), ErrorJSON.body(status: status, messages: messages), headers)
    }
}

extension APIRefusal {
    init(_ refused: RequestRefused) { self.init(refused.status, refused.messages) }

    /// What a store's error means to a client; nil for what is this program's own fault.
    init?(_ error: StoreError) {
        switch error {
        case .redis(.unexpectedReply(_)): return nil
        case .redis: self = .redisAway
        case .missing: self = .noWebhook
        case .limitReached: self.init(409, "the workspace has as many webhooks as it may have")
        case .disabled: self.init(409, "the webhook is disabled")
        case .unknownCursor: self.init(400, "the cursor is not the id of a record of this list")
        case .exists, .fenced: return nil
        }
    }
}

extension Response {
    /// A JSON answer in one piece.
    static func json(
        _ status: HTTPResponse.Status, _ body: [UInt8], _ more: HTTPFields = [:]
    ) -> Response {
        var headers = more
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
