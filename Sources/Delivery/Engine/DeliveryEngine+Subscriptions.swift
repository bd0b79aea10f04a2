import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

// Subscriptions: what must be asked so that the cache stands where the claims stood.
extension DeliveryEngine {
    /// A node that holds tokens has no answer with a version older than this, if Redis answers at all.
    private static let askAgain: Milliseconds = 350

    /// Asks on the connection for loads and pages, one question at a time: changes first, then a page of each workspace in
    /// turn, so that a large one does not hold up the others.
    func keepSubscriptions() async {
        while !isOver {
            await subscriptionSignal.wait()
            while !isOver, session != nil {
                let answered: Bool
                if cache.needsChanges || mustAskAgain() {
                    answered = await askChanges()
                } else if !loads.isEmpty {
                    answered = await loadPage(of: loads.removeFirst())
                } else {
                    break
                }
                guard answered else {
                    subscriptionSignal.set(in: subscriptionBackoff.next())
                    break
                }
                subscriptionBackoff.reset()
                claimPause.reset()
            }
        }
    }

    /// Whether the last question whose answer has a version is too old for a node that holds tokens; if not yet, the signal
    /// is set for when it will be.
    private func mustAskAgain() -> Bool {
        guard holdsTokens else { return false }
        let age = MonotonicTime.now().milliseconds(since: lastVersionAsked)
        if age >= Self.askAgain.count { return true }
        subscriptionSignal.set(in: Milliseconds(Self.askAgain.count - age))
        return false
    }

    private var holdsTokens: Bool { slots.held > 0 || eventsHeld > 0 }

    /// Called when the first token is held: from now on the version must be known.
    func beginAsking() { subscriptionSignal.set(in: Self.askAgain) }

    /// A reply carried a version.
    func observe(version: Int64, sent: MonotonicTime, received: MonotonicTime) {
        lastVersionAsked = max(lastVersionAsked, sent)
        cache.observe(version: version, sent: sent, received: received)
        if cache.needsChanges { subscriptionSignal.set() }
        if !gated.isEmpty { startGated() }
    }

    /// Whether tokens of a workspace may be matched and sent as far as its webhooks go.
    func isUsable(_ workspace: WorkspaceSubscriptions) -> Bool { workspace.isCurrent }

    func requestLoad(of workspace: WorkspaceSubscriptions) {
        guard !workspace.isQueuedForLoad else { return }
        workspace.isQueuedForLoad = true
        loads.append(workspace)
        subscriptionSignal.set()
    }

    // MARK: Questions

    private func askChanges() async -> Bool {
        let epoch = cache.epoch
        let sent = MonotonicTime.now()
        do throws(StoreError) {
            let reply = try await feed.changes(since: cache.version ?? 0)
            lastVersionAsked = max(lastVersionAsked, sent)
            let stale = cache.changed(
                reply.workspaces, reached: reply.reached, current: reply.version, sent: sent, received: .now(),
                epoch: epoch)
            for workspace in stale where workspace.holders > 0 { requestLoad(of: workspace) }
            cacheHasNews()
            return true
        } catch {
            logger.debug("cannot ask for changes", metadata: ["reason": "\(error)"])
            giveBackWhatWaits()
            pauseClaims()
            return false
        }
    }

    private func loadPage(of workspace: WorkspaceSubscriptions) async -> Bool {
        cache.forgetIfTooOld(workspace, at: .now())
        let epoch = cache.epoch
        let after = workspace.position
        let sent = MonotonicTime.now()
        do throws(StoreError) {
            let reply = try await feed.load(workspace.name, after: after)
            let page = LoadedPage(
                version: reply.version, position: reply.changes.last?.version ?? after, hasMore: reply.more,
                webhooks: reply.changes.compactMap { $0.webhook.map { prepare($0, of: workspace.name) } },
                deleted: reply.changes.compactMap { $0.webhook == nil ? $0.id : nil })
            lastVersionAsked = max(lastVersionAsked, sent)
            _ = cache.read(page, of: workspace, sent: sent, received: .now(), epoch: epoch)  // of no use: read again
            if workspace.isCurrent || workspace.holders == 0 {
                workspace.isQueuedForLoad = false
                resume(workspace)
            } else {
                loads.append(workspace)
            }
            cacheHasNews()
            return true
        } catch {
            logger.debug("cannot load a workspace", metadata: ["workspace": "\(workspace.name)", "reason": "\(error)"])
            workspace.isQueuedForLoad = false
            giveBackWhatWaits(of: workspace)
            pauseClaims()
            return false
        }
    }

    /// What an attempt needs of a webhook, worked out once.
    private func prepare(_ webhook: Webhook, of workspace: WorkspaceName) -> CachedWebhook {
        CachedWebhook(webhook, destination: destination(of: webhook, workspace))
    }

    private func destination(of webhook: Webhook, _ workspace: WorkspaceName) -> CachedWebhook.Destination? {
        // Only enabled webhooks are sent to.
        guard webhook.isEnabled,
            let target = try? TargetURL(webhook.targetUrl, policy: configuration.sender.targets)  // nil: not allowed
        else { return nil }
        return CachedWebhook.Destination(
            endpoint: PreparedEndpoint(workspace: workspace, target: target, userAgent: configuration.userAgent),
            signer: WebhookSigner(
                secret: webhook.secret, previous: webhook.previousSecret, schemes: configuration.signatureSchemes))
    }

    // MARK: Going on

    /// What waited for the workspace goes on, or waits for something else.
    private func resume(_ workspace: WorkspaceSubscriptions) {
        let slots = workspace.waitingFlights
        workspace.waitingFlights = []
        for slot in slots { start(flights[slot]) }
        let events = workspace.waitingEvents
        workspace.waitingEvents = []
        for job in events { enqueue(job) }
    }

    private func cacheHasNews() {
        startGated()
        if !fanOuts.isEmpty { fanOutSignal.set() }
    }

    /// Claims rest for a moment: what they would bring could not be sent.
    func pauseClaims() {
        claimsPausedUntil = .now() + claimPause.next()
    }

    // MARK: Giving back

    /// Everything that has not started goes back to where it was claimed from.
    func giveBackWhatWaits() {
        let slots = gated + starved + strangers
        gated = []
        starved = []
        strangers = []
        for slot in slots { giveBack(flights[slot]) }
        let jobs = fanOuts
        fanOuts = []
        for job in jobs { giveBack(job) }
        for workspace in cache.all { giveBackWhatWaits(of: workspace) }
        for workspace in loads { workspace.isQueuedForLoad = false }
        loads = []
        for lane in [lane].compactMap(\.self) + lostLanes {
            giveBack(lane.unreadable.map { .event($0) }, to: lane)
            lane.unreadable = []
        }
    }

    private func giveBackWhatWaits(of workspace: WorkspaceSubscriptions) {
        let slots = workspace.waitingFlights
        workspace.waitingFlights = []
        for slot in slots { giveBack(flights[slot]) }
        let jobs = workspace.waitingEvents
        workspace.waitingEvents = []
        for job in jobs { giveBack(job) }
    }
}
