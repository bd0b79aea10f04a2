import WebhookModel

/// The webhooks of one workspace as far as this node knows them. Belongs to the engine's event loop.
final class WorkspaceSubscriptions {
    let name: WorkspaceName
    private(set) var index = PatternIndex()
    private(set) var webhooks: [WebhookID: CachedWebhook] = [:]
    /// Where the next `load` goes on: the version of the last change that was read; 0 is the beginning.
    private(set) var position: Int64 = 0
    /// The configuration version as of which everything of this workspace is known; nil before the first whole load.
    private(set) var loadedAt: Int64?
    /// The version as of which it must be known before anything of it is matched, sent or dropped.
    private(set) var needed: Int64 = 0
    /// When it was last known to be up to date; it may have changed since.
    private(set) var currentUntil: MonotonicTime?
    /// Tokens and events of this workspace that the node holds: it is not forgotten meanwhile.
    var holders = 0
    /// Slots that its tokens take.
    var slots = 0
    /// Its place among the workspaces that hold slots.
    var shareIndex = 0
    var lastUsed: UInt64 = 0
    /// Whether it stands in the queue of workspaces to be loaded.
    var isQueuedForLoad = false
    /// What cannot go on before it is up to date.
    var waitingFlights: [Int] = []
    var waitingEvents: [FanOutJob] = []

    init(name: WorkspaceName) { self.name = name }

    /// Whether nothing named a change of it that it has not read.
    var isCurrent: Bool {
        guard let loadedAt else { return false }
        return loadedAt >= needed
    }

    /// A change at `version` or before was named; until `time` it was known to be up to date.
    func changed(at version: Int64, knownUntil time: MonotonicTime) {
        if isCurrent { currentUntil = time }
        needed = max(needed, version)
    }

    /// Begins anew: everything is read again before anything is matched.
    func forget() {
        for webhook in webhooks.values { webhook.retire() }
        webhooks.removeAll()
        index = PatternIndex()
        position = 0
        loadedAt = nil
        needed = 0
        currentUntil = nil
    }

    func put(_ webhook: CachedWebhook) {
        if let old = webhooks[webhook.id] {
            guard old.version != webhook.version else { return }
            retire(old)
        }
        webhooks[webhook.id] = webhook
        index.insert(webhook.id, patterns: webhook.patterns)
    }

    func remove(_ id: WebhookID) {
        guard let old = webhooks.removeValue(forKey: id) else { return }
        retire(old)
    }

    private func retire(_ old: CachedWebhook) {
        index.remove(old.id, patterns: old.patterns)
        old.retire()
    }

    /// A page was read up to the change `position`, as of configuration version `version`.
    func pageRead(upTo position: Int64, version: Int64, hasMore: Bool) {
        self.position = max(self.position, position)
        if !hasMore { loadedAt = version }
    }
}
