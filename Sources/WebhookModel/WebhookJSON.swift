/// A page of webhooks and where it stands among all that match.
package struct WebhookPage: Hashable, Sendable {
    package let webhooks: [Webhook]
    package let hasNextPage: Bool
    package let hasPreviousPage: Bool
    /// The matches of the filter, whatever the page.
    package let totalCount: Int

    package init(webhooks: [Webhook], hasNextPage: Bool, hasPreviousPage: Bool, totalCount: Int) {
        self.webhooks = webhooks
        self.hasNextPage = hasNextPage
        self.hasPreviousPage = hasPreviousPage
        self.totalCount = totalCount
    }
}

/// The response bodies of the webhook resource. None of them ever holds a secret.
package enum WebhookJSON {
    package static func created(_ webhook: Webhook) -> [UInt8] { enveloped("createWebhook", webhook) }

    package static func updated(_ webhook: Webhook) -> [UInt8] { enveloped("updateWebhook", webhook) }

    package static func found(_ webhook: Webhook, health: WebhookHealth) -> [UInt8] {
        data { data in
            data.object("webhook") { object in
                write(webhook, to: &object)
                write(health, to: &object)
            }
        }
    }

    /// The answer to a rotation: the webhook after it, with the end of its previous secret.
    package static func rotated(_ webhook: Webhook) -> [UInt8] {
        data { data in
            data.object("rotateWebhookSecret") { object in
                write(webhook, to: &object)
                object.member("previousSecretValidUntil", time: webhook.previousSecret?.validUntil)
            }
        }
    }

    package static func deleted(_ id: WebhookID) -> [UInt8] {
        data { $0.object("deleteWebhook") { $0.member("id", id.uuid) } }
    }

    package static func list(_ page: WebhookPage) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 + page.webhooks.count * 512)
        writer.object { root in
            root.object("data") { data in
                data.array("webhooks") { list in
                    for webhook in page.webhooks { list.object { write(webhook, to: &$0) } }
                }
            }
            root.object("pageInfo") { info in
                info.member("hasNextPage", page.hasNextPage)
                info.member("hasPreviousPage", page.hasPreviousPage)
                info.member("startCursor", page.webhooks.first?.id.uuid)
                info.member("endCursor", page.webhooks.last?.id.uuid)
            }
            root.member("totalCount", Int64(page.totalCount))
        }
        return writer.bytes
    }

    /// The answer to a test: the id of the event that was made.
    package static func tested(_ id: EventID) -> [UInt8] {
        data { $0.object("testWebhook") { $0.member("eventId", id.uuid) } }
    }

    private static func enveloped(_ name: StaticString, _ webhook: Webhook) -> [UInt8] {
        data { $0.object(name) { write(webhook, to: &$0) } }
    }

    private static func data(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.object("data", members) }
        return writer.bytes
    }

    private static func write(_ webhook: Webhook, to object: inout JSONWriter) {
        object.member("id", webhook.id.uuid)
        object.member("targetUrl", webhook.targetUrl)
        object.array("operations") { list in
            for operation in webhook.operations { list.string(operation) }
        }
        object.member("description", webhook.description)
        object.member("isEnabled", webhook.isEnabled)
        object.member("disabledReason", webhook.disabledReason?.rawValue)
        object.member("hasSecret", webhook.secret != nil || webhook.secretUnreadableUntil == .max)
        object.member("createdAt", time: webhook.createdAt)
        object.member("updatedAt", time: webhook.updatedAt)
    }

    private static func write(_ health: WebhookHealth, to object: inout JSONWriter) {
        object.object("health") { members in
            members.member("state", health.state.rawValue)
            members.member("consecutiveFailures", Int64(health.consecutiveFailures))
            members.member("lastSuccessAt", time: health.lastSuccessAt)
            members.member("lastFailureAt", time: health.lastFailureAt)
            members.member("lastFailure", health.lastFailure?.rawValue)
            members.member("nextAttemptAt", time: health.nextAttemptAt)
        }
    }
}
