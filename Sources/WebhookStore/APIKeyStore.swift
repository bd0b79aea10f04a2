import RedisClient
package import WebhookModel

/// An API key as it is stored: never the token, only its SHA-256.
package struct StoredAPIKey: Sendable, Hashable {
    /// The lookup part of the token.
    package let id: String
    /// Of the whole token's text, 64 hexadecimal digits.
    package let sha256: String
    package let workspace: WorkspaceName
    package let name: String
    package let scopes: Scope
    /// Milliseconds since 1970.
    package let createdAt: Int64
    /// Milliseconds since 1970; nil for never.
    package let expiresAt: Int64?
}

/// The API keys of workspaces.
package struct APIKeyStore: Sendable {
    package let shard: Shard

    package init(_ shard: Shard) { self.shard = shard }

    /// Stores a key, and its workspace where that is new.
    ///
    /// - Parameter expiresAt: Milliseconds since 1970.
    /// - Throws: ``StoreError/exists``.
    package func create(
        _ token: APIKeyToken, workspace: WorkspaceName, name: String, scopes: Scope, expiresAt: Int64?
    ) async throws(StoreError) {
        var arguments = shard.arguments()
        arguments.append(workspace.text)
        arguments.append(token.lookup)
        arguments.append("sha256" as StaticString)
        arguments.append(token.digestText)
        arguments.append("name" as StaticString)
        arguments.append(name)
        arguments.append("scopes" as StaticString)
        arguments.append(scopes.text)
        if let expiresAt {
            arguments.append("expiresAt" as StaticString)
            arguments.append(expiresAt)
        }
        _ = try await shard.run(StoreScripts.createKey, arguments, key: shard.keys.apiKey(token.lookup))
    }

    /// Deletes a key; nodes refuse it within a second.
    ///
    /// - Throws: ``StoreError/missing``.
    package func revoke(_ lookup: String) async throws(StoreError) {
        var arguments = shard.arguments()
        arguments.append(lookup)
        _ = try await shard.run(StoreScripts.revokeKey, arguments, key: shard.keys.apiKey(lookup))
    }

    /// The key of a lookup part that ``APIKeyToken/isLookup(_:)`` accepts.
    package func find(_ lookup: String) async throws(StoreError) -> StoredAPIKey? {
        let reply = try await shard.execute(RedisCommand("HGETALL", shard.keys.apiKey(lookup)))
        return try decoding { () throws(RedisError) in try Self.key(lookup, reply.fields()) }
    }

    /// All keys of a workspace, the oldest first.
    package func list(_ workspace: WorkspaceName) async throws(StoreError) -> [StoredAPIKey] {
        let reply = try await shard.execute(RedisCommand("SMEMBERS", shard.keys.apiKeys(workspace)))
        let ids = try decoding { () throws(RedisError) in
            var ids: [String] = []
            for value in try reply.array() { ids.append(try value.text()) }
            return ids
        }
        var keys: [StoredAPIKey] = []
        for id in ids {
            if let key = try await find(id) { keys.append(key) }
        }
        return keys.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    private static func key(_ lookup: String, _ fields: [String: String]) throws(RedisError) -> StoredAPIKey? {
        guard !fields.isEmpty else { return nil }
        guard let sha256 = fields["sha256"], let workspace = fields["workspace"].flatMap({ WorkspaceName($0) }),
            let scopes = try? Scope.parse(fields["scopes"] ?? "")
        else { throw .unexpectedReply("an API key without its fields") }
        return StoredAPIKey(
            id: lookup, sha256: sha256, workspace: workspace, name: fields["name"] ?? "", scopes: scopes,
            createdAt: fields["createdAt"].flatMap { Int64($0) } ?? 0,
            expiresAt: fields["expiresAt"].flatMap { Int64($0) })
    }
}
