import WebhookModel

/// The subscriptions of the workspaces whose events come this node's way, and the configuration version that they stand
/// at. Does no I/O: it is told of replies and says what must be asked. Belongs to the engine's event loop.
///
/// The rules: a reply with another version than the one it stands at asks for `changes` first; the workspaces that those
/// name are read again before anything of theirs is used; "not in the cache" says nothing; everything is forgotten when
/// the version went back or the connection was lost, and a workspace that was not brought up to date for 12 h (Redis
/// forgets deletions after 24 h).
final class SubscriptionCache {
    /// A workspace whose state is older than this is read from the beginning.
    static let maximumAge = Milliseconds(12 * 3600 * 1000)
    /// How long a reply with a version says that nothing has changed.
    static let freshness = Milliseconds(1000)

    private let maximumWebhooks: Int
    private var workspaces: [WorkspaceName: WorkspaceSubscriptions] = [:]
    private var uses: UInt64 = 0
    private var webhookCount = 0

    /// The configuration version that the cache stands at; nil when it stands at none.
    private(set) var version: Int64?
    /// When `version` was learned: a smaller one in the reply to a later command means that Redis lost changes.
    private var learned = MonotonicTime.distantPast
    /// When the newest question was sent whose answer says that the cache stands at the configuration's version.
    private(set) var fresh = MonotonicTime.distantPast
    /// A version beyond `version` that a reply carried; the changes in between are not known yet.
    private(set) var announced: Int64?
    /// Counts how often everything was forgotten: replies to questions of before are of no use.
    private(set) var epoch = 0

    init(maximumWebhooks: Int) { self.maximumWebhooks = maximumWebhooks }

    /// Whether `changes` must be asked.
    var needsChanges: Bool { announced != nil }

    /// Whether nothing is known to have changed, by an answer to a question sent less than 1 s ago.
    func isFresh(at now: MonotonicTime) -> Bool { announced == nil && now < fresh + Self.freshness }

    /// A reply carried `version`; its command was sent at `sent` and answered at `received`.
    func observe(version seen: Int64, sent: MonotonicTime, received: MonotonicTime) {
        guard let known = version else { return stand(at: seen, sent: sent, received: received) }
        if seen == known {
            fresh = max(fresh, sent)
        } else if seen > known {
            if workspaces.values.allSatisfy({ $0.loadedAt == nil && $0.position == 0 }) {
                // Nothing has been read: there is nothing that a change could have made wrong.
                for workspace in workspaces.values { workspace.changed(at: seen, knownUntil: sent) }
                stand(at: seen, sent: sent, received: received)
            } else {
                announced = max(announced ?? seen, seen)
            }
        } else if sent >= learned {
            forgetAll()
            stand(at: seen, sent: sent, received: received)
        }
        // Else an older reply that came later, over another connection.
    }

    private func stand(at version: Int64, sent: MonotonicTime, received: MonotonicTime) {
        self.version = version
        learned = received
        fresh = max(fresh, sent)
        if let announced, announced <= version { self.announced = nil }
    }

    /// The answer to `changes`: the workspaces changed since the version asked from, as far as `reached`.
    ///
    /// - Parameters:
    ///   - current: The configuration's version as of the answer.
    ///   - epoch: ``epoch`` as it was when the question was sent.
    /// - Returns: those of them that are known here and must be read again.
    func changed(
        _ names: [WorkspaceName], reached: Int64, current: Int64, sent: MonotonicTime, received: MonotonicTime,
        epoch: Int
    ) -> [WorkspaceSubscriptions] {
        guard epoch == self.epoch, let known = version else { return [] }
        guard current >= known || sent < learned else {
            observe(version: current, sent: sent, received: received)
            return []
        }
        var stale: [WorkspaceSubscriptions] = []
        for name in names {
            guard let workspace = workspaces[name] else { continue }
            workspace.changed(at: reached, knownUntil: fresh)
            if !workspace.isCurrent { stale.append(workspace) }
        }
        if reached > known {
            version = reached
            learned = received
        }
        if reached >= current, reached >= (announced ?? 0) {
            announced = nil
            fresh = max(fresh, sent)
        } else {
            announced = max(announced ?? current, current)
        }
        return stale
    }

    /// The workspaces that have an entry, loaded or not.
    var all: some Collection<WorkspaceSubscriptions> { workspaces.values }

    /// A workspace's entry if there is one; looking counts as no use.
    func known(_ name: WorkspaceName) -> WorkspaceSubscriptions? { workspaces[name] }

    /// A workspace's entry, made when there is none; it may have to be loaded.
    func workspace(_ name: WorkspaceName) -> WorkspaceSubscriptions {
        uses += 1
        if let workspace = workspaces[name] {
            workspace.lastUsed = uses
            return workspace
        }
        let workspace = WorkspaceSubscriptions(name: name)
        workspace.lastUsed = uses
        workspaces[name] = workspace
        return workspace
    }

    /// What is known of a workspace is too old to be brought up to date: it begins anew.
    func forgetIfTooOld(_ workspace: WorkspaceSubscriptions, at now: MonotonicTime) {
        guard !workspace.isCurrent, let until = workspace.currentUntil, now > until + Self.maximumAge else { return }
        forget(workspace)
    }

    func forget(_ workspace: WorkspaceSubscriptions) {
        webhookCount -= workspace.webhooks.count
        workspace.forget()
    }

    /// One page of a workspace, in the order of changes.
    ///
    /// - Returns: whether it was of use; else the load must begin again.
    func read(
        _ page: LoadedPage, of workspace: WorkspaceSubscriptions, sent: MonotonicTime, received: MonotonicTime,
        epoch: Int
    ) -> Bool {
        observe(version: page.version, sent: sent, received: received)
        guard epoch == self.epoch else { return false }
        webhookCount -= workspace.webhooks.count
        for id in page.deleted { workspace.remove(id) }
        for webhook in page.webhooks { workspace.put(webhook) }
        webhookCount += workspace.webhooks.count
        workspace.pageRead(upTo: page.position, version: page.version, hasMore: page.hasMore)
        if webhookCount > maximumWebhooks { evict(keeping: workspace) }
        return true
    }

    /// Everything may be wrong: the connection was lost, and Redis may have come back with less.
    func forgetAll() {
        epoch += 1
        for workspace in workspaces.values { workspace.forget() }
        workspaces = workspaces.filter { $0.value.holders > 0 || $0.value.isQueuedForLoad }
        webhookCount = 0
        version = nil
        announced = nil
        learned = .distantPast
        fresh = .distantPast
    }

    /// Drops what was used longest ago, until a tenth of the room is free.
    private func evict(keeping kept: WorkspaceSubscriptions) {
        let idle = workspaces.values
            .filter { $0.holders == 0 && !$0.isQueuedForLoad && $0 !== kept }
            .sorted { $0.lastUsed < $1.lastUsed }
        for workspace in idle {
            guard webhookCount > maximumWebhooks / 10 * 9 else { return }
            forget(workspace)
            workspaces[workspace.name] = nil
        }
    }
}

/// What one `load` read, ready to be used.
struct LoadedPage {
    let version: Int64
    /// The version of the last change in it; the position asked from when it is empty.
    let position: Int64
    let hasMore: Bool
    let webhooks: [CachedWebhook]
    let deleted: [WebhookID]
}
