import Crypto
import HTTPTypes
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

/// The right to act for one workspace: nothing but a valid API key makes one, and handlers take the workspace from
/// nowhere else.
struct WorkspaceScope: Sendable {
    let workspace: WorkspaceName
    /// The id of the key.
    let keyID: String

    fileprivate init(_ key: StoredAPIKey) {
        workspace = key.workspace
        keyID = key.id
    }
}

/// Judges the API key of a request.
struct Authenticator: Sendable {
    private let cache = APIKeyCache()
    let rates: APIRates
    /// Compared with when no key is stored, so that an unknown key takes as long as a wrong one.
    private let dummy = Array(SHA256.hash(data: Array("no key has this digest".utf8)))

    /// The scope of a request for a route that needs one of `scopes`.
    ///
    /// - Parameters:
    ///   - redis: Asked for the key unless it was less than a second ago.
    ///   - now: Milliseconds since 1970.
    /// - Throws: ``APIRefusal`` 401 and 403, always the same for each, and 429 after too many that failed;
    ///   ``StoreError``.
    func authenticate(
        _ headers: HTTPFields, of channel: any Channel, needing scopes: Scope, redis: some RedisExecutor, now: Int64
    ) async throws -> WorkspaceScope {
        guard let token = Self.token(headers) else {
            try rates.checkFailures(headers, channel)
            rates.countFailure(headers, channel)
            throw Self.refused
        }
        let lookup = token.lookup
        let digest = token.digest
        if !cache.wasValid(lookup, digest: digest) { try rates.checkFailures(headers, channel) }
        let stored = try await cache.key(lookup, redis: redis)
        guard digest == (stored?.digest ?? dummy), let stored, !stored.key.isExpired(at: now) else {
            rates.countFailure(headers, channel)
            throw Self.refused
        }
        cache.noteValid(lookup)
        guard !stored.key.scopes.isDisjoint(with: scopes) else { throw Self.forbidden(scopes) }
        return WorkspaceScope(stored.key)
    }

    static let refused = APIRefusal(
        401, "a valid API key is needed: Authorization: Bearer <API key>", headers: [.wwwAuthenticate: "Bearer"])

    private static func forbidden(_ scopes: Scope) -> APIRefusal {
        APIRefusal(403, "the API key has not the scope for this: \(scopes.text.replacingCommas(with: " or "))")
    }

    /// The token of exactly one `Authorization: Bearer <token>` field, in the form of a key of ours.
    private static func token(_ headers: HTTPFields) -> APIKeyToken? {
        var fields = headers[fields: .authorization].makeIterator()
        guard let value = fields.next()?.value, fields.next() == nil else { return nil }
        let scheme = value.prefix { $0 != " " }
        guard scheme.isSame(as: "bearer") else { return nil }
        return APIKeyToken(String(value.dropFirst(scheme.count).drop { $0 == " " }))
    }
}

extension StoredAPIKey {
    /// - Parameter now: Milliseconds since 1970.
    func isExpired(at now: Int64) -> Bool { expiresAt.map { $0 <= now } ?? false }
}

extension String {
    fileprivate func replacingCommas(with text: String) -> String {
        split(separator: ",").joined(separator: text)
    }
}
