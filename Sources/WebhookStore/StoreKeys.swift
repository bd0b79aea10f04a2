package import WebhookModel

/// Spells every key of the service; no other file does, but for the scripts, which spell the same.
///
/// All keys of a shard carry one hash tag, so that every script may touch them in one step.
package struct StoreKeys: Sendable, Hashable {
    /// `wh:{0}:`: the shard is the only part that will ever vary.
    package let prefix: String

    package static let shard0 = StoreKeys(shard: "0")

    package init(shard: String) { prefix = "wh:{\(shard)}:" }

    package var version: String { prefix + "version" }
    package var changed: String { prefix + "changed" }
    package var totals: String { prefix + "totals" }
    package var backlog: String { prefix + "backlog" }
    package var held: String { prefix + "held" }
    package var wake: String { prefix + "wake" }
    package var watched: String { prefix + "watched" }
    package var lanes: String { prefix + "lanes" }
    package var suspects: String { prefix + "suspects" }
    package var poison: String { prefix + "poison" }
    package var eventRing: String { prefix + "eventring" }
    package var retries: String { prefix + "retries" }
    package var timers: String { prefix + "timers" }
    package var failing: String { prefix + "failing" }
    package var purges: String { prefix + "purges" }
    package var deads: String { prefix + "deads" }

    package func workspace(_ name: WorkspaceName) -> String { "\(prefix)workspace:\(name.text)" }
    package func apiKey(_ lookup: String) -> String { "\(prefix)apikey:\(lookup)" }
    package func apiKeys(_ workspace: WorkspaceName) -> String { "\(prefix)apikeys:\(workspace.text)" }
    package func webhook(_ workspace: WorkspaceName, _ id: WebhookID) -> String {
        "\(prefix)webhook:\(workspace.text):\(id)"
    }
    package func webhooks(_ workspace: WorkspaceName) -> String { "\(prefix)webhooks:\(workspace.text)" }
    package func edits(_ workspace: WorkspaceName) -> String { "\(prefix)edits:\(workspace.text)" }
    package func deleted(_ workspace: WorkspaceName, _ id: WebhookID) -> String {
        "\(prefix)deleted:\(workspace.text):\(id)"
    }
    package func event(_ id: EventID) -> String { "\(prefix)event:\(id)" }
    package func references(_ id: EventID) -> String { "\(prefix)refs:\(id)" }
    package func fanOut(_ id: EventID) -> String { "\(prefix)fanout:\(id)" }
    package func events(_ workspace: WorkspaceName) -> String { "\(prefix)events:\(workspace.text)" }
    package func lane(_ lane: String) -> String { "\(prefix)lane:\(lane)" }
    package func claimed(_ lane: String) -> String { "\(prefix)claimed:\(lane)" }
    package func queue(_ id: WebhookID) -> String { "\(prefix)queue:\(id)" }
    package func endpoint(_ id: WebhookID) -> String { "\(prefix)endpoint:\(id)" }
    package func attempts(_ id: WebhookID) -> String { "\(prefix)attempts:\(id)" }
    package func failures(_ id: WebhookID) -> String { "\(prefix)failures:\(id)" }
    package func trail(_ event: EventID, _ id: WebhookID) -> String { "\(prefix)trail:\(event)>\(id)" }
    package func dead(_ id: WebhookID) -> String { "\(prefix)dead:\(id)" }
    package func letters(_ id: WebhookID) -> String { "\(prefix)letters:\(id)" }

    /// Every kind of key without the prefix, as `docs/redis.md` names them. `<…>` stands for a varying part.
    package static let documented = [
        "workspace:<ws>", "apikey:<keyId>", "apikeys:<ws>", "webhook:<ws>:<id>", "webhooks:<ws>", "edits:<ws>",
        "version", "changed", "deleted:<ws>:<id>", "event:<id>", "refs:<id>", "fanout:<id>", "events:<ws>",
        "eventring", "wake", "lanes", "lane:<lane>", "claimed:<lane>", "watched", "suspects", "poison",
        "queue:<webhook>", "endpoint:<webhook>", "ring:<class>", "ring:<class>:<ws>", "retries", "timers", "failing",
        "purges", "attempts:<webhook>", "failures:<webhook>", "trail:<event>><webhook>", "dead:<webhook>",
        "letters:<webhook>", "deads", "idempotency:event:<hash>", "idempotency:request:<hash>", "backlog", "held",
        "totals",
    ]
}
