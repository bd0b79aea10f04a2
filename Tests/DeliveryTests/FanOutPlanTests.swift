import NIOCore
import Testing
import WebhookModel
import WebhookStore

@testable import Delivery

@Suite struct FanOutPlanTests {
    private let lane = Lane(id: "lane")
    private let operation = Operation(entity: "people", action: .created)

    private func workspace(_ text: String, webhooks count: UInt64, slots: Int = 0) throws -> WorkspaceSubscriptions {
        let workspace = WorkspaceSubscriptions(name: try #require(WorkspaceName(text)))
        for number in 0..<count {
            workspace.put(
                CachedWebhook(
                    Webhook(
                        id: WebhookID(UUIDValue(high: 1, low: number)), targetUrl: "https://example.com/",
                        operations: ["people.*"], createdAt: 0, updatedAt: 0, version: 1),
                    destination: nil))
        }
        workspace.slots = slots
        return workspace
    }

    private func job(_ workspace: WorkspaceSubscriptions, cursor: WebhookID? = nil) -> FanOutJob {
        let id = EventID(.random())
        return FanOutJob(
            token: EventToken(workspace: workspace.name, event: id), lane: lane,
            event: HeldEvent(id: id, stored: ByteBuffer()), workspace: workspace, operation: operation, cursor: cursor,
            isSuspect: false)
    }

    @Test func `250 webhooks take three calls in id order`() throws {
        let workspace = try workspace("w", webhooks: 250)
        let job = job(workspace)
        var written: [WebhookID] = []
        for (count, isLast) in [(100, false), (100, false), (50, true)] {
            var plan = FanOutPlan(freeSlots: 1000, workspaceCapacity: 500)
            let added1 = plan.add(job)
            #expect(added1)
            let chunk = plan.chunks[0].call
            #expect(chunk.webhooks.count == count)
            #expect(chunk.isLast == isLast)
            #expect(chunk.expectedCursor == written.last)
            let added2 = plan.add(job)
            #expect(added2 == (count < 100))
            written += chunk.webhooks
            job.cursor = chunk.newCursor
        }
        #expect(written == workspace.webhooks.keys.sorted())
    }

    @Test func `a call takes 64 events at most`() throws {
        let workspace = try workspace("w", webhooks: 1)
        var plan = FanOutPlan(freeSlots: 1000, workspaceCapacity: 500)
        let added = (0..<64).map { _ in plan.add(job(workspace)) }
        #expect(!added.contains(false))
        let added3 = plan.add(job(workspace))
        #expect(!added3)
        #expect(plan.webhooks == 64)
        #expect(plan.room == 64)
    }

    @Test func `an event that nothing matches is fanned out to nobody`() throws {
        let workspace = try workspace("w", webhooks: 0)
        var plan = FanOutPlan(freeSlots: 10, workspaceCapacity: 5)
        let added4 = plan.add(job(workspace))
        #expect(added4)
        #expect(plan.chunks[0].isLast)
        #expect(plan.chunks[0].webhooks.isEmpty)
        #expect(plan.room == 0)
    }

    @Test func `no more tokens come straight than there are free slots`() throws {
        let workspace = try workspace("w", webhooks: 30)
        var plan = FanOutPlan(freeSlots: 10, workspaceCapacity: 500)
        let added5 = plan.add(job(workspace))
        #expect(added5)
        #expect(plan.room == 10)
    }

    @Test func `a workspace near its share goes alone and with what is left of its share`() throws {
        let near = try workspace("near", webhooks: 30, slots: 480)
        let other = try workspace("other", webhooks: 5)
        var plan = FanOutPlan(freeSlots: 500, workspaceCapacity: 500)
        let added6 = plan.add(job(near))
        #expect(added6)
        #expect(plan.room == 20)
        let added7 = plan.add(job(other))
        #expect(!added7)
        var second = FanOutPlan(freeSlots: 500, workspaceCapacity: 500)
        let added8 = second.add(job(other))
        #expect(added8)
        let added9 = second.add(job(near))
        #expect(!added9)
        #expect(second.room == 5)
    }
}
