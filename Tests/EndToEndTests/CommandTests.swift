import APIClient
import FleetSupport
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct `The commands` {
    @Test func `keys create prints the token alone and once, list and Redis never show it, revoke ends it`()
        async throws
    {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let api = try await fleet.startAPINode("api")
        let created = try await fleet.run(["keys", "create", "--workspace", "acme", "--name", "crm"])
        #expect(created.status == 0)
        let token = String(created.output.dropLast())
        #expect(created.output == token + "\n" && token.hasPrefix("whk_") && token.count == 60)
        #expect(created.errorOutput == "")

        let client = RESTClient(http: api.client(), key: token)
        _ = try await client.register(target: "http://127.0.0.1:9999/x", operations: ["*"])
        let list = try await fleet.run(["keys", "list", "--workspace", "acme"])
        let id = String(token.dropFirst(4).prefix(12))
        #expect(list.output.contains("\(id)  crm   webhooks,events") && list.output.contains("never"), "\(list.output)")
        #expect(!list.output.contains(token))
        let view = try await RedisView(fleet.redis)
        for key in try await view.keys() where key.contains("apikey:") {
            #expect(!"\(try await view.execute("HGETALL", key))".contains(token.dropFirst(17)))
        }
        await view.close()

        #expect(try await fleet.run(["keys", "revoke", id]).output == "revoked \(id)\n")
        try await eventually(within: .seconds(2), "a refused key") {
            try await client.http.send(.GET, "/rest/webhooks", headers: client.headers).status == 401
        }
        let again = try await fleet.run(["keys", "revoke", id])
        #expect(again.status == 1 && again.errorOutput == "there is no key \(id)\n")
        await client.http.close()
    }

    @Test func `a key has the scopes it was given and ends when it was told to`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let api = try await fleet.startAPINode("api")
        let read = try await fleet.createKey(workspace: "acme", scopes: "read")
        let client = RESTClient(http: api.client(), key: read)
        #expect(try await client.http.send(.GET, "/rest/webhooks", headers: client.headers).status == 200)
        let refused = try await client.http.send(
            .POST, "/rest/events", headers: client.headers, json: #"{"event":"people.created","record":{"id":"1"}}"#)
        #expect(refused.status == 403)
        let short = try await fleet.run([
            "keys", "create", "--workspace", "acme", "--name", "short", "--expires-in", "1s",
        ])
        let soon = RESTClient(http: client.http, key: String(short.output.dropLast()))
        try await eventually(within: .seconds(4), "an expired key") {
            try await soon.http.send(.GET, "/rest/webhooks", headers: soon.headers).status == 401
        }
        #expect(try await fleet.run(["keys", "list", "--workspace", "acme"]).output.contains("expired"))
        await client.http.close()
    }

    @Test func `health exits 0 while a node is ready and 1 when it is not`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start())
        let api = try await fleet.startAPINode("api")
        let delivery = try await fleet.startDeliveryNode("delivery")
        let urls = [api.port, delivery.healthPort].map { "http://127.0.0.1:\($0)/health/ready" }
        for url in urls { #expect(try await fleet.run(["health", "--url", url]).status == 0) }
        fleet.redis.kill()
        for url in urls {
            try await eventually(within: .seconds(4), "a red node") {
                let (status, output, _) = try await fleet.run(["health", "--url", url])
                return status == 1 && output == "503\n"
            }
        }
        let gone = try await fleet.run(["health", "--url", "http://127.0.0.1:\(try freePort())/health/ready"])
        #expect(gone.status == 1)
        #expect(gone.errorOutput.contains("Connection refused"), "\(gone.errorOutput)")
    }

    @Test func `dead replay counts first, moves nothing on a dry run, and takes single events`() async throws {
        let fleet = try Fleet(redis: try await RedisServer.start(), settings: ["WEBHOOKS_RETRY_DELAYS": ""])
        let receiver = try await TestReceiver.start()
        receiver.answer { _ in .status(500) }
        let api = try await fleet.startAPINode("api")
        _ = try await fleet.startDeliveryNode("delivery")
        let client = RESTClient(http: api.client(), key: try await fleet.createKey(workspace: "acme"))
        let webhook = try await client.register(target: receiver.url("/x"), operations: ["*"])
        let view = try await RedisView(fleet.redis)
        var ids: [String] = []
        for number in 0..<3 {
            let event = #"{"event":"people.created","record":{"id":"\#(number)"}}"#
            ids.append(try await client.post(event: event))
        }
        try await view.drained(within: .seconds(20))

        let dry = try await fleet.run(["dead", "replay", "--webhook", webhook, "--dry-run", "--json"])
        #expect(dry.output == #"{"dryRun":true,"replayed":0,"remaining":3}"# + "\n")
        #expect(try await fleet.run(["dead", "list", "--webhook", webhook]).errorOutput == "3 of 3\n")
        receiver.answer { _ in .ok }
        let one = try await fleet.run(["dead", "replay", "--webhook", webhook, "--event", ids[1]])
        #expect(one.output == "1 replayed, 0 remaining\n", "\(one.errorOutput)")
        try await eventually(within: .seconds(10), "one replayed") { receiver.requestCount == 4 }
        #expect(receiver.requests[3].field("webhook-id") == ids[1])
        let all = try await fleet.run(["dead", "replay", "--webhook", webhook])
        #expect(all.errorOutput == "2 dead letters of webhook \(webhook) are replayed\n")
        #expect(all.output == "2 replayed, 0 remaining\n")
        try await eventually(within: .seconds(10), "all replayed") { receiver.requestCount == 6 }
        try await view.drained(within: .seconds(10))
        #expect(try await view.checkDrainedTotals() == [])
        await view.close()
        await client.http.close()
        try await receiver.stop()
    }

    @Test(arguments: [
        ["api"], ["delivery"], ["dev"], ["keys", "list", "--workspace", "acme"],
        ["dead", "list", "--webhook", "019a0b6e-3c1e-7f60-8d3a-5d0e8c1b2a34"], ["doctor"],
    ])
    func `a wrong setting ends every command that reads settings with status 78 and the names of all`(
        command: [String]
    ) async throws {
        let rig = try DevRig()
        let process = try rig.command(
            command, name: "wrong",
            environment: ["WEBHOOKS_LEASE": "1s", "WEBHOOKS_MAX_DEAD": "none", "WEBHOOKS_TYPO": "1"])
        #expect(try await process.exitStatus() == 78)
        for name in ["WEBHOOKS_LEASE=1s", "WEBHOOKS_MAX_DEAD=none", "WEBHOOKS_TYPO: is no setting"] {
            #expect(process.errorOutput.contains(name), "\(process.errorOutput)")
        }
        #expect(process.output == "")
    }

    @Test func `without Redis a tool says why and ends with status 69`() async throws {
        let rig = try DevRig()
        let process = try rig.command(
            ["keys", "list", "--workspace", "acme"], name: "keys",
            environment: ["WEBHOOKS_REDIS_URL": "redis://127.0.0.1:\(try freePort())"])
        #expect(try await process.exitStatus() == 69)
        #expect(process.errorOutput.contains("Connection refused"), "\(process.errorOutput)")
    }

    @Test(arguments: [
        "dev", "api", "delivery", "keys create", "keys list", "keys revoke", "receiver", "health", "dead list",
        "dead replay", "doctor",
    ])
    func `each command has a help page of at most eighty columns`(name: String) async throws {
        let rig = try DevRig()
        let process = try rig.command(name.split(separator: " ").map(String.init) + ["--help"], name: "help")
        #expect(try await process.exitStatus() == 0)
        #expect(process.output.contains("USAGE: webhooks \(name)"))
        let settings = !["receiver", "health"].contains(name)
        #expect(process.output.contains("  WEBHOOKS_") == settings)
        for line in process.output.split(separator: "\n") where !line.hasPrefix("USAGE:") {
            #expect(line.count <= 80, "\(line)")
        }
    }
}
