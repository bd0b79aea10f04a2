import Hummingbird
import NIOCore
import WebhookModel
import WebhookStore

/// The routes that say what happened to a webhook, and mend it. Each looks for the webhook in the key's workspace first.
struct HistoryRoutes {
    let settings: APISettings
    let call: APICall

    private var shard: Shard { Shard(call.redis, limits: settings.limits) }

    func attempts(_ scope: WorkspaceScope) async throws -> Response {
        let webhook = try await webhook(scope)
        let query = try AttemptsQuery.read(call.query)
        let attempts = try await AttemptLog(shard).attempts(
            webhook.id, failedOnly: query.failedOnly, limit: query.limit)
        return .json(.ok, HistoryJSON.attempts(attempts))
    }

    func deadLetters(_ scope: WorkspaceScope) async throws -> Response {
        let webhook = try await webhook(scope)
        let page = try await DeadLetterStore(shard).page(webhook.id, DeadLettersQuery.read(call.query))
        return .json(
            .ok,
            HistoryJSON.deadLetters(
                page.letters, hasNextPage: page.hasNextPage, hasPreviousPage: page.hasPreviousPage,
                totalCount: page.totalCount))
    }

    func replay(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let webhook = try await webhook(scope)
        let request = try ReplayRequest.read(Array(body.readableBytesView))
        let (replayed, remaining) = try await DeadLetterStore(shard).replay(
            webhook.id, workspace: scope.workspace, request)
        return .json(.accepted, HistoryJSON.replayed(replayed, remaining: remaining))
    }

    func test(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let webhook = try await webhook(scope)
        let named = try TestRequest.read(Array(body.readableBytesView), catalog: settings.policy.entities)
        let first = webhook.operations.first.flatMap { OperationPattern(stored: $0) }
        let operation =
            named ?? first?.exampleOperation ?? OperationPattern(entity: nil, action: nil).exampleOperation
        let event = EventID.newTest(milliseconds: call.now)
        try await EventIntake(shard).test(
            scope.workspace, webhook.id, event,
            body: TestEvent.storedBody(
                operation: operation, eventID: event, workspace: scope.workspace, recordID: .random(), now: call.now))
        return .json(.accepted, WebhookJSON.tested(event))
    }

    private func webhook(_ scope: WorkspaceScope) async throws -> Webhook {
        guard let webhook = try await WebhookStore(shard).find(scope.workspace, try call.webhookID()) else {
            throw APIRefusal.noWebhook
        }
        return webhook
    }
}
