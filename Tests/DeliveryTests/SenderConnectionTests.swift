import Synchronization
import TestSupport
import Testing
import WebhookModel

@testable import Delivery

@Suite(.serialized, .timeLimit(.minutes(1)))
struct `Connections of the sender` {
    @Test func `carry one request after the other`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        for _ in 0..<5 { #expect(try await rig.post(receiver.url()).status == 200) }
        #expect(receiver.connectionsAccepted == 1)
        #expect(receiver.requestCount == 5)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `are never shared between workspaces`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        for workspace in ["a", "b", "a", "b"] {
            #expect(try await rig.post(receiver.url("/\(workspace)"), workspace: workspace).status == 200)
        }
        let connections = Dictionary(grouping: receiver.requests, by: \.connection)
        #expect(connections.count == 2)
        for requests in connections.values { #expect(Set(requests.map(\.target)).count == 1) }
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `are not shared between spellings of other hosts, but are between those of one`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start { $0.lookup = { _ in .addresses([.v4(0x7f00_0001)]) } }
        for host in ["a.example.com", "A.Example.COM", "a.example.com.", "b.example.com"] {
            #expect(try await rig.post("http://\(host):\(receiver.port)/").status == 200)
        }
        #expect(receiver.connectionsAccepted == 2)
        #expect(receiver.requests.map { $0.field("host") ?? "" }.allSatisfy { !$0.contains(".:") })
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `close when they have been idle for long`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start { $0.idleLifetime = .milliseconds(150) }
        #expect(try await rig.post(receiver.url()).status == 200)
        try await eventually(within: .seconds(5), "no connection") { rig.gauges.openConnections == 0 }
        #expect(rig.gauges.idleConnections == 0)
        #expect(receiver.connectionsAccepted == 1)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `close when they are old, though they are used all the time`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start { $0.connectionLifetime = .milliseconds(200) }
        try await eventually("a third connection") {
            let answer = try await rig.post(receiver.url())
            #expect(answer.status == 200)
            return receiver.connectionsAccepted >= 3
        }
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `that the receiver closed are replaced without a failure, and the permit is asked again`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        #expect(try await rig.post(receiver.url()).status == 200)
        // The receiver takes the next request on the kept connection and closes without a word.
        receiver.answer { $0.connection == 1 ? .close : .ok }
        #expect(try await rig.post(receiver.url()).status == 200)
        #expect(rig.gauges.requestsRepeated == 1)
        #expect(rig.permitsAsked == 3)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `that the receiver always closes are a failure, after one repetition at most`() async throws {
        let receiver = try await TestReceiver.start { $0.number == 1 ? .ok : .close }
        let rig = try await SenderRig.start()
        #expect(try await rig.post(receiver.url()).status == 200)
        #expect(try await rig.post(receiver.url()).error == .connection)
        #expect(receiver.requestCount == 3)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `close when the receiver says so`() async throws {
        let receiver = try await TestReceiver.start { _ in .status(200, fields: [("connection", "close")]) }
        let rig = try await SenderRig.start()
        for _ in 0..<2 { #expect(try await rig.post(receiver.url()).status == 200) }
        #expect(receiver.connectionsAccepted == 2)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `above the host's limit wait, and their deadline does not run`() async throws {
        let receiver = try await TestReceiver.start { _ in .status(200, after: .milliseconds(500)) }
        let rig = try await SenderRig.start {
            $0.hostConcurrency = 2
            $0.attemptTimeout = .milliseconds(1500)
        }
        // Four rounds of 500 ms with a deadline of 1,500 ms; two workspaces share the host's limit.
        let answers = try await withThrowingTaskGroup(of: SenderRig.Answer.self) { group in
            for n in 0..<8 {
                group.addTask { try await rig.post(receiver.url(), workspace: n % 2 == 0 ? "a" : "b") }
            }
            var answers: [SenderRig.Answer] = []
            for try await answer in group { answers.append(answer) }
            return answers
        }
        #expect(answers.allSatisfy { $0.status == 200 })
        #expect(answers.contains { $0.took >= .milliseconds(1995) })
        // The wait for a turn is no part of the attempt.
        #expect(answers.allSatisfy { $0.result.phases.total < 1_500_000 })
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `carry nothing when the last gate is shut, and stay good`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        rig.permit { .wait }
        #expect(try await rig.post(receiver.url()).outcome == .notStarted(.wait))
        rig.permit { .cancel }
        #expect(try await rig.post(receiver.url()).outcome == .notStarted(.cancelled))
        #expect(receiver.requestCount == 0)
        rig.permit { .go }
        #expect(try await rig.post(receiver.url()).status == 200)
        #expect(receiver.connectionsAccepted == 1)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `end when the sender stops: running attempts first, waiting ones at once`() async throws {
        let receiver = try await TestReceiver.start { _ in .status(200, after: .seconds(1)) }
        let rig = try await SenderRig.start { $0.hostConcurrency = 1 }
        async let running = rig.post(receiver.url())
        try await eventually("one attempt that runs") { rig.gauges.attemptsInFlight == 1 }
        async let waiting = rig.post(receiver.url())
        try await eventually("one attempt that waits") { rig.gauges.attemptsWaitingForHost == 1 }
        try await rig.shutDown()
        #expect(try await running.status == 200)
        #expect(try await waiting.outcome == .notStarted(.stopping))
        #expect(rig.gauges.openConnections == 0)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `end at once when attempts are abandoned`() async throws {
        let receiver = try await TestReceiver.start { _ in .hang }
        let rig = try await SenderRig.start { $0.attemptTimeout = .seconds(30) }
        async let running = rig.post(receiver.url())
        try await eventually("a request at the receiver") { receiver.requestCount == 1 }
        try await rig.shutDown(abandoningAttempts: true)
        #expect(try await running.outcome == .abandoned)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `tell how long to wait, in seconds or by a date, for 429 and 503 alone`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        for (status, value, wanted) in [
            (429, "7", 7000), (503, "0", 0), (503, "soon", nil), (500, "7", nil), (200, "7", nil),
        ] as [(Int, String, Int64?)] {
            receiver.answer { _ in .status(status, fields: [("retry-after", value)]) }
            let answer = try await rig.post(receiver.url())
            #expect(answer.outcome == .response(status: UInt16(status), retryAfterMilliseconds: wanted))
        }
        // The year 2100: far above the cap, which is the judgement's.
        receiver.answer { _ in .status(503, fields: [("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")]) }
        if case .response(503, let wait?) = try await rig.post(receiver.url()).outcome {
            #expect(wait >= AttemptJudgement.maximumRetryAfter)
        } else {
            Issue.record("no wait")
        }
        try await rig.stop()
        try await receiver.stop()
    }
}
