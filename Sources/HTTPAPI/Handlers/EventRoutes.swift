import HTTPTypes
import Hummingbird
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

/// `POST /rest/events`.
struct EventRoutes {
    let settings: APISettings
    let rates: APIRates
    let call: APICall
    let metrics: APIMetrics

    func post(_ body: ByteBuffer, _ scope: WorkspaceScope) async throws -> Response {
        let bytes = Array(body.readableBytesView)
        let key = try requestKey(bytes)
        let request = try EventRequest.read(bytes, catalog: settings.policy.entities)
        rates.count(request.events.count, scope)
        let prepared = request.events.map { event in
            let id = EventID.new(milliseconds: call.now)
            return PreparedEvent(
                id: id, body: event.storedBody(eventID: id, workspace: scope.workspace, now: call.now),
                producerID: event.producerID)
        }
        let intake = EventIntake(Shard(call.redis, limits: settings.limits))
        switch try await ingest(prepared, scope, key, intake) {
        case .accepted(let receipts):
            metrics.tookEvents(receipts.count, ofThemDuplicates: receipts.count { $0.isDuplicate })
            return answer(request, receipts)
        case .replayed(let receipts):
            metrics.tookEvents(receipts.count, ofThemDuplicates: receipts.count)
            return answer(request, receipts, [.idempotencyReplayed: "true"])
        case .conflict: throw APIRefusal(409, "the Idempotency-Key was used with another body")
        case .workspaceFull:
            throw APIRefusal.tooMany("the workspace has too much waiting to be delivered", retryAfter: 5)
        case .full: throw APIRefusal.unavailable("too much is waiting to be delivered", retryAfter: 5)
        }
    }

    private func ingest(
        _ events: [PreparedEvent], _ scope: WorkspaceScope, _ key: RequestKey?, _ intake: EventIntake
    ) async throws -> IntakeResult {
        do throws(StoreError) {
            return try await intake.ingest(events, workspace: scope.workspace, request: key)
        } catch {
            guard case .redis(let reason) = error, !reason.isNotSent, !reason.isAnswer else { throw error }
            throw APIRefusal.unavailable(
                "the store did not answer in time: repeat this with the same id or Idempotency-Key, "
                    + "since the events may have been stored",
                retryAfter: 2)
        }
    }

    /// The key of the whole request; nil without one.
    private func requestKey(_ body: [UInt8]) throws(APIRefusal) -> RequestKey? {
        let fields = call.request.headers[fields: .idempotencyKey]
        guard let field = fields.first else { return nil }
        guard fields.count == 1, (1...255).contains(field.value.utf8.count),
            field.value.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw APIRefusal(400, "Idempotency-Key must be 1 to 255 printable ASCII characters") }
        return RequestKey(key: field.value, body: body)
    }

    private func answer(_ request: EventRequest, _ receipts: [EventReceipt], _ headers: HTTPFields = [:]) -> Response {
        let accepted = zip(request.events, receipts).map { event, receipt in
            AcceptedEvent(id: receipt.id, operation: event.operation, isDuplicate: receipt.isDuplicate)
        }
        switch request {
        case .single: return .json(.accepted, EventJSON.accepted(single: accepted[0]), headers)
        case .batch: return .json(.accepted, EventJSON.accepted(batch: accepted), headers)
        }
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key").unsafelyUnwrapped
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed").unsafelyUnwrapped
}
