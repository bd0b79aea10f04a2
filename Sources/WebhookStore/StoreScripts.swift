package import RedisClient

/// The scripts of `Scripts/`, embedded in the program, each with `common.lua` before it as it is sent.
package enum StoreScripts {
    package static let ingest = RedisScript(name: "ingest", source: PackageResources.ingest_lua)
    /// These only read: without `common.lua`, whose flags are those of a script that writes.
    package static let survey = RedisScript(name: "survey", source: PackageResources.survey_lua, isReadOnly: true)
    package static let endpoints = RedisScript(
        name: "endpoints", source: PackageResources.endpoints_lua, isReadOnly: true)
    package static let trace = RedisScript(name: "trace", source: PackageResources.trace_lua, isReadOnly: true)
    package static let claimEvents = script("claim_events", PackageResources.claim_events_lua)
    package static let fanOut = script("fan_out", PackageResources.fan_out_lua)
    package static let claimDeliveries = script("claim_deliveries", PackageResources.claim_deliveries_lua)
    package static let claimSuspect = script("claim_suspect", PackageResources.claim_suspect_lua)
    package static let finish = script("finish", PackageResources.finish_lua)
    package static let tick = script("tick", PackageResources.tick_lua)
    package static let openLane = script("open_lane", PackageResources.open_lane_lua)
    package static let abandonLane = script("abandon_lane", PackageResources.abandon_lane_lua)
    package static let closeLane = script("close_lane", PackageResources.close_lane_lua)
    package static let saveWebhook = script("save_webhook", PackageResources.save_webhook_lua)
    package static let deleteWebhook = script("delete_webhook", PackageResources.delete_webhook_lua)
    package static let listWebhooks = script("list_webhooks", PackageResources.list_webhooks_lua)
    package static let changes = script("changes", PackageResources.changes_lua)
    package static let load = script("load", PackageResources.load_lua)
    package static let replay = script("replay", PackageResources.replay_lua)
    package static let testEvent = script("test_event", PackageResources.test_event_lua)
    package static let createKey = script("create_key", PackageResources.create_key_lua)
    package static let revokeKey = script("revoke_key", PackageResources.revoke_key_lua)

    package static let all = [
        ingest, claimEvents, fanOut, claimDeliveries, claimSuspect, finish, tick, openLane, abandonLane, closeLane,
        saveWebhook, deleteWebhook, listWebhooks, changes, load, replay, testEvent, createKey, revokeKey, survey,
        endpoints, trace,
    ]

    private static func script(_ name: String, _ own: [UInt8]) -> RedisScript {
        RedisScript(name: name, source: PackageResources.common_lua + own)
    }
}
