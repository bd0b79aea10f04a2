import Hummingbird
import NIOCore
import WebhookModel
import WebhookStore

/// The routes under `/rest/webhooks`. Each names the workspace of the key first, so that another's webhook is not there.
struct WebhookRoutes {
    let settings: APISettings
    let call: APICall

    private var store: WebhookStore {
        WebhookStore(Shard(call.redis, limits: settings.limits, secrets: settings.secrets))
    }

    func list(_ scope: WorkspaceScope) async throws -> Response {
        let query = try ListQuery.read(call.query)
        do throws(StoreError) {
            return .json(.ok, WebhookJSON.list(try await store.list(scope.workspace, query)))
        } catch {
            guard error == .unknownCursor else { throw error }
            throw APIRefusal(400, query.page.unknownCursorMessage)
        }
    }

    func create(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let draft = try WebhookDraft.read(Array(body.readableBytesView), policy: settings.policy)
        let id = WebhookID.new(milliseconds: call.now)
        var change = WebhookChange()
        change.set(targetUrl: draft.targetUrl)
        change.set(operations: draft.operations)
        if let description = draft.description { change.set(description: description) }
        if let secret = draft.secret { change.set(secret: secret) }
        change.set(isEnabled: draft.isEnabled)
        try await store.create(scope.workspace, id, change)
        // Deleted again in between: it was created all the same.
        let webhook =
            try await store.find(scope.workspace, id) ?? draft.webhook(id: id, now: call.now, version: 0)
        return .json(.created, WebhookJSON.created(webhook))
    }

    func find(_ scope: WorkspaceScope) async throws -> Response {
        let webhook = try await webhook(scope)
        let health = try await store.health(webhook.id)
        return .json(.ok, WebhookJSON.found(webhook, health: WebhookHealth(health)))
    }

    func update(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let id = try call.webhookID()
        let patch = try WebhookPatch.read(Array(body.readableBytesView), policy: settings.policy)
        if !patch.isEmpty { try await store.update(scope.workspace, id, WebhookChange(patch)) }
        return .json(.ok, WebhookJSON.updated(try await webhook(scope)))
    }

    func rotateSecret(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let id = try call.webhookID()
        let rotation = try SecretRotation.read(Array(body.readableBytesView))
        var change = WebhookChange()
        change.rotate(to: rotation.secret, grace: .seconds(rotation.gracePeriodSeconds))
        try await store.update(scope.workspace, id, change)
        return .json(.ok, WebhookJSON.rotated(try await webhook(scope)))
    }

    func delete(_ scope: WorkspaceScope) async throws -> Response {
        let id = try call.webhookID()
        try await store.delete(scope.workspace, id)
        return .json(.ok, WebhookJSON.deleted(id))
    }

    /// The webhook of the path.
    private func webhook(_ scope: WorkspaceScope) async throws -> Webhook {
        guard let webhook = try await store.find(scope.workspace, try call.webhookID()) else {
            throw APIRefusal.noWebhook
        }
        return webhook
    }
}

extension WebhookChange {
    fileprivate init(_ patch: WebhookPatch) {
        self.init()
        if let target = patch.targetUrl { set(targetUrl: target) }
        if let operations = patch.operations { set(operations: operations) }
        switch patch.description {
        case .keep: break
        case .clear: set(description: nil)
        case .set(let text): set(description: text)
        }
        switch patch.secret {
        case .keep: break
        case .clear: set(secret: nil)
        case .set(let secret): set(secret: secret)
        }
        if let isEnabled = patch.isEnabled { set(isEnabled: isEnabled) }
    }
}

extension WebhookHealth {
    fileprivate init(_ health: EndpointHealth) {
        let state: State =
            switch health.state {
            case .ok: .ok
            case .failing: .failing
            case .probing: .probing
            case .disabled: .disabled
            }
        self.init(
            state: state, consecutiveFailures: health.consecutiveFailures, lastSuccessAt: health.lastSuccessAt,
            lastFailureAt: health.lastFailureAt,
            lastFailure: health.lastFailure.flatMap { AttemptError(rawValue: $0) },
            nextAttemptAt: health.nextAttemptAt)
    }
}
