import HTTPTypes
import NIOHTTP1
import TestSupport
import Testing
import WebhookModel

@testable import HTTPAPI

@Suite(.timeLimit(.minutes(1)))
struct `A rate limit` {
    @Test
    func `answers management requests of one key beyond rate and burst 429 with Retry-After, and lets other keys be`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.managementRate = 1 }
        let client = node.client()
        var statuses: [Int] = []
        for _ in 0..<12 { statuses.append(try await client.call(.GET, "/rest/webhooks", key: rig.key).status) }
        #expect(statuses.prefix(10).allSatisfy { $0 == 200 })
        let refused = try await client.call(.GET, "/rest/webhooks", key: rig.key)
        #expect(refused.status == 429 && refused.refusal != nil)
        let seconds = try #require(refused.headers.first(name: "retry-after").flatMap { Int($0) })
        #expect((1...2).contains(seconds))
        #expect(try await client.call(.GET, "/rest/webhooks", key: rig.otherKey).status == 200)
        let event = #"{"event":"people.created","record":{"id":"1"}}"#
        #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: event).status == 202)
        try await eventually("a request after the pause") {
            try await client.call(.GET, "/rest/webhooks", key: rig.key).status == 200
        }
        await client.close()
    }

    @Test func `counts each event of a batch when one is set for events`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.eventRate = 2 }
        let client = node.client()
        let event = #"{"event":"people.created","record":{"id":"1"}}"#
        let batch = #"{"events":[\#(Array(repeating: event, count: 30).joined(separator: ","))]}"#
        #expect(try await client.call(.POST, "/rest/events", key: rig.key, json: batch).status == 202)
        let refused = try await client.call(.POST, "/rest/events", key: rig.key, json: event)
        #expect(refused.status == 429)
        let seconds = try #require(refused.headers.first(name: "retry-after").flatMap { Int($0) })
        #expect((5...6).contains(seconds), "ten events beyond the burst of twenty, at two a second")
        #expect(try await rig.waitingCount() == 30, "nothing of the refused one was stored")
        #expect(try await client.call(.POST, "/rest/events", key: rig.otherKey, json: event).status == 202)
        await client.close()
    }

    @Test func `of failed authentications stops a guessing peer, while a key that was valid lately always passes`()
        async throws
    {
        let rig = try await APIRig.start()
        let node = try await rig.startNode { $0.authFailureRate = 1 }
        let client = node.client()
        #expect(try await client.call(.GET, "/rest/webhooks", key: rig.key).status == 200)
        var statuses: [Int] = []
        for _ in 0..<40 {
            statuses.append(
                try await client.call(.GET, "/rest/webhooks", key: APIKeyToken.generate().exposedText).status)
        }
        #expect(statuses.prefix(30).allSatisfy { $0 == 401 } && statuses.contains(429))
        let refused = try await client.send(.GET, "/rest/webhooks")
        #expect(refused.status == 429 && refused.headers.first(name: "retry-after") == "1")
        #expect(try await client.call(.GET, "/rest/webhooks", key: rig.key).status == 200)
        #expect(try await client.call(.GET, "/rest/webhooks", key: rig.otherKey).status == 429, "not seen before")
        #expect(
            try await client.call(.GET, "/rest/webhooks", key: rig.otherKey, headers: ["x-forwarded-for": "192.0.2.7"])
                .status == 429, "nobody's word on where he comes from is taken")
        await client.close()
    }

    @Test func `counts the peer that a trusted proxy names`() async throws {
        let rig = try await APIRig.start()
        let node = try await rig.startNode {
            $0.authFailureRate = 1
            $0.trustedProxies = [AddressBlock("127.0.0.0/8")].compactMap { $0 }
        }
        let client = node.client()
        for _ in 0..<40 {
            _ = try await client.send(.GET, "/rest/webhooks", headers: ["x-forwarded-for": "198.51.100.1, 192.0.2.7"])
        }
        func status(_ from: String) async throws -> Int {
            try await client.call(.GET, "/rest/webhooks", key: rig.otherKey, headers: ["x-forwarded-for": from]).status
        }
        #expect(try await status("192.0.2.7") == 429)
        #expect(try await status("10.9.8.7, 192.0.2.7") == 429, "what the peer itself says is not believed")
        #expect(try await status("192.0.2.8") == 200)
        await client.close()
    }

    // MARK: The parts

    @Test func `refills at its rate up to its burst`() throws {
        let limiter = RateLimiter<Int>(try #require(Rate(perSecond: 10, burst: 3)))
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(limiter.take(1, now: start) == nil) }
        #expect(try #require(limiter.take(1, now: start)) > .milliseconds(99))
        #expect(limiter.take(2, now: start) == nil, "another key has its own")
        #expect(limiter.take(1, now: start + .milliseconds(101)) == nil)
        #expect(limiter.take(1, now: start + .milliseconds(102)) != nil)
        for _ in 0..<3 { #expect(limiter.take(1, now: start + .seconds(60)) == nil) }
        #expect(limiter.take(1, now: start + .seconds(60)) != nil)
    }

    @Test func `keeps a bounded number of buckets, whoever comes`() throws {
        let limiter = RateLimiter<Int>(try #require(Rate(perSecond: 1, burst: 5)), maximumKeys: 100)
        let start = ContinuousClock.now
        var refused = 0
        for key in 0..<10_000 where limiter.take(key, now: start) != nil { refused += 1 }
        #expect(limiter.count <= 100)
        #expect(refused == 10_000 - 105, "all beyond the room share one bucket")
        #expect(limiter.take(3, now: start) == nil, "a key that has its bucket keeps it")
        #expect(limiter.take(20_000, now: start + .seconds(60)) == nil, "full buckets make room")
        #expect(limiter.count == 1)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "203.0.113.1", true), ("::1", "::1", true),
        ("2001:db8::/32", "2001:db8:1::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/96", "2001:db8::1:0:1", false), ("10.0.0.0/8", "::1", false),
    ])
    func `knows proxies by address and block`(_ block: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(try #require(IPAddress(address))) == isIn)
    }

    @Test(arguments: [
        "", "10", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "host", "10.0.0.0/8/8", "10.0.0.0/+8",
    ])
    func `takes nothing else for one`(_ text: String) { #expect(AddressBlock(text) == nil) }

    @Test(
        arguments: [
            ("203.0.113.5", [], "203.0.113.5"), ("203.0.113.5", ["1.2.3.4"], "203.0.113.5"),
            ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"), ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", ["1.1.1.1, 192.0.2.7, 10.0.0.2"], "192.0.2.7"),
            ("10.0.0.1", ["1.1.1.1", "192.0.2.7:1234"], "192.0.2.7"),
            ("10.0.0.1", ["garbage"], "10.0.0.1"), ("10.0.0.1", ["1.1.1.1, garbage"], "10.0.0.1"),
            ("10.0.0.1", [], "10.0.0.1"),
            ("10.0.0.1", ["[2001:db8:0:1:5::9]:443"], "2001:db8:0:1::"), ("2001:db8:0:1:5::9", [], "2001:db8:0:1::"),
        ] as [(String, [String], String)])
    func `counts for the last address that is no proxy of ours, an IPv6 network as one`(
        _ connected: String, _ forwarded: [String], _ peer: String
    ) throws {
        var headers = HTTPFields()
        for value in forwarded { headers.append(HTTPField(name: .forwardedFor, value: value)) }
        let addresses = PeerAddresses(trusted: [try #require(AddressBlock("10.0.0.0/8"))])
        #expect(addresses.peer(connected: IPAddress(connected), headers: headers) == IPAddress(peer))
    }
}
