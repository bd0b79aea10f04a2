package import NIOCore
import RedisClient
package import WebhookModel

/// An event that a lane claimed.
package struct ClaimedEvent: Sendable {
    package let token: EventToken
    /// The last webhook that a fan-out in chunks has written; nil before the first chunk.
    package let cursor: WebhookID?
    /// The delivered body less its `webhookId`.
    package let body: ByteBuffer
}

/// How an endpoint has answered lately.
package enum EndpointClass: Sendable, Hashable {
    /// A success under two seconds within the last ten minutes.
    case fast
    case slow
}

/// A delivery that a lane claimed.
package struct ClaimedDelivery: Sendable {
    package let token: DeliveryToken
    package let endpointClass: EndpointClass
    package let workspace: WorkspaceName
    /// The delivered body less its `webhookId`.
    package let body: ByteBuffer
}

/// A token that is tried alone.
package enum ClaimedSuspect: Sendable {
    case event(ClaimedEvent)
    case delivery(ClaimedDelivery)
}

/// A part of one event's fan-out.
package struct FanOutChunk: Sendable {
    package let token: EventToken
    package let expectedCursor: WebhookID?
    package let newCursor: WebhookID?
    package let isLast: Bool
    /// In id order, at most a hundred in a call.
    package let webhooks: [WebhookID]

    package init(
        token: EventToken, expectedCursor: WebhookID?, newCursor: WebhookID?, isLast: Bool, webhooks: [WebhookID]
    ) {
        self.token = token
        self.expectedCursor = expectedCursor
        self.newCursor = newCursor
        self.isLast = isLast
        self.webhooks = webhooks
    }
}

package struct FanOutReply: Sendable {
    package enum Status: Sendable, Hashable {
        case written
        /// The token is not on this lane.
        case lost
        /// The fan-out stands at another cursor.
        case stale
    }

    package let version: Int64
    package let statuses: [Status]
    /// Deliveries that are on this lane now.
    package let started: [DeliveryToken]
}

package struct TickReply: Sendable {
    /// Redis's time in milliseconds since 1970.
    package let now: Int64
    package let version: Int64
    /// When the next retry or probe is due, in Redis's time.
    package let nextDue: Int64?
    package let workWaits: Bool
    package let isAlive: Bool
    package let callAgain: Bool
    package let turns: [EndpointTurn]
}

extension RedisValue {
    func deliveryToken() throws(RedisError) -> DeliveryToken {
        let bytes = try bytes()
        guard let token = bytes.withUnsafeReadableBytes({ DeliveryToken($0) }) else {
            throw .unexpectedReply("\"\(String(buffer: bytes).prefix(160))\" where a delivery was expected")
        }
        return token
    }

    func eventToken() throws(RedisError) -> EventToken {
        let bytes = try bytes()
        guard let token = bytes.withUnsafeReadableBytes({ EventToken($0) }) else {
            throw .unexpectedReply("\"\(String(buffer: bytes).prefix(160))\" where an event was expected")
        }
        return token
    }

    func webhookID() throws(RedisError) -> WebhookID {
        let bytes = try bytes()
        guard let id = bytes.withUnsafeReadableBytes({ WebhookID(ascii: $0) }) else {
            throw .unexpectedReply("\"\(String(buffer: bytes).prefix(80))\" where a webhook's id was expected")
        }
        return id
    }

    func optionalWebhookID() throws(RedisError) -> WebhookID? {
        if try bytes().readableBytes == 0 { return nil }
        return try webhookID()
    }

    func eventID() throws(RedisError) -> EventID {
        let bytes = try bytes()
        guard let id = bytes.withUnsafeReadableBytes({ EventID(ascii: $0) }) else {
            throw .unexpectedReply("\"\(String(buffer: bytes).prefix(80))\" where an event's id was expected")
        }
        return id
    }

    func endpointClass() throws(RedisError) -> EndpointClass {
        try bytes().readableBytesView.first == UInt8(ascii: "f") ? .fast : .slow
    }

    func workspaceName() throws(RedisError) -> WorkspaceName {
        let text = try text()
        guard let name = WorkspaceName(text) else {
            throw .unexpectedReply("\"\(text.prefix(80))\" where a workspace was expected")
        }
        return name
    }
}
