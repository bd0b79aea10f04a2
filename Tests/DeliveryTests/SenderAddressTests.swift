import Glibc
import Synchronization
import TestSupport
import Testing
import WebhookModel

@testable import Delivery

/// What is judged is the address that is connected to, at every attempt.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct `Addresses of targets at the attempt` {
    private static let loopback = IPAddress.v4(0x7f00_0001)
    private static let publicAddress = IPAddress.v4(0x0808_0808)
    private static let strict = TargetPolicy(allowsHTTP: true, allowsPrivate: false)

    private static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
        return address
    }

    /// The receiver listens at loopback, so that anything sent in spite of the verdict would be seen.
    private func expectBlocked(
        _ answers: [IPAddress], targets: TargetPolicy = strict, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start(targets: targets) { $0.lookup = { _ in .addresses(answers) } }
        let answer = try await rig.post("http://hooks.example.com:\(receiver.port)/")
        if case .blocked = answer.outcome {
        } else {
            Issue.record("\(answers) gave \(answer.outcome)", sourceLocation: sourceLocation)
        }
        #expect(rig.permitsAsked == 0, sourceLocation: sourceLocation)
        #expect(rig.gauges.connectionsOpened == 0, sourceLocation: sourceLocation)
        #expect(receiver.connectionsAccepted == 0, sourceLocation: sourceLocation)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test(arguments: [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "::", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
    ])
    func `a name with a blocked address is blocked and nothing is sent`(text: String) async throws {
        try await expectBlocked([Self.address(text)])
    }

    @Test func `one blocked address among good ones blocks the name, wherever it stands`() async throws {
        let good = [Self.publicAddress, Self.address("1.1.1.1"), Self.address("9.9.9.9")]
        for position in 0...good.count {
            var answers = good
            answers.insert(Self.loopback, at: position)
            try await expectBlocked(answers)
        }
    }

    @Test(arguments: [
        "169.254.169.254", "fd00:ec2::254", "168.63.129.16", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "fe80::1",
    ])
    func `with private targets on, metadata, link-local, multicast and unspecified stay blocked`(
        text: String
    ) async throws {
        try await expectBlocked(
            [Self.address(text)], targets: TargetPolicy(allowsHTTP: true, allowsPrivate: true))
    }

    @Test func `a name that turns to a private address later is blocked when its answer is asked again`() async throws {
        // Rebinding: the first look-up gives an address that is allowed, the second one that is not. Both the same
        // machine here, so the node's own receiver stands for the inner service.
        let receiver = try await TestReceiver.start()
        let asked = Atomic<Int>(0)
        let rig = try await SenderRig.start {
            $0.connectionLifetime = .milliseconds(1)
            $0.nameLifetime = .milliseconds(1)
            $0.lookup = { _ in
                asked.wrappingAdd(1, ordering: .relaxed).newValue == 1
                    ? .addresses([Self.loopback]) : .addresses([Self.address("169.254.169.254")])
            }
        }
        let url = "http://hooks.example.com:\(receiver.port)/"
        #expect(try await rig.post(url).status == 200)
        try await eventually("the connection's end") { rig.gauges.openConnections == 0 }
        #expect(try await rig.post(url).error == .blocked)
        #expect(receiver.requestCount == 1)
        #expect(asked.load(ordering: .relaxed) == 2)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `the address of a kept connection is judged again before each attempt`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start()
        #expect(try await rig.post(receiver.url()).status == 200)
        var listeners = OwnListeners()
        listeners.insert(Self.loopback, port: receiver.port)
        try await rig.setOwnListeners(listeners)
        #expect(try await rig.post(receiver.url()).error == .blocked)
        #expect(receiver.requestCount == 1)
        #expect(rig.gauges.idleConnections == 0)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `the node's own listeners are no targets, also where they listen at every address`() async throws {
        let receiver = try await TestReceiver.start()
        for host in ["127.0.0.1", "0.0.0.0", "::", "localhost"] {
            let rig = try await SenderRig.start { $0.ownListeners.insert(host: host, port: receiver.port) }
            #expect(try await rig.post(receiver.url()).error == .blocked, "\(host)")
            try await rig.stop()
        }
        let other = try await SenderRig.start { $0.ownListeners.insert(host: "0.0.0.0", port: receiver.port + 1) }
        #expect(try await other.post(receiver.url()).status == 200)
        try await other.stop()
        #expect(receiver.requestCount == 1)
        try await receiver.stop()
    }

    @Test func `a name is asked for once, and its answer is kept for a while`() async throws {
        let receiver = try await TestReceiver.start()
        let asked = Mutex<[String]>([])
        let rig = try await SenderRig.start {
            $0.connectionLifetime = .milliseconds(1)
            $0.lookup = { name in
                asked.withLock { $0.append(name) }
                return .addresses([Self.loopback])
            }
        }
        for workspace in ["a", "b", "a"] {
            let answer = try await rig.post("http://Hooks.Example.com.:\(receiver.port)/", workspace: workspace)
            #expect(answer.status == 200)
        }
        #expect(asked.withLock { $0 } == ["hooks.example.com"])
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `a name without an answer is a dns failure, and one that hangs is cut at its time limit`() async throws {
        let gate = Mutex(false)
        let rig = try await SenderRig.start {
            $0.dnsTimeout = .milliseconds(150)
            $0.lookup = { name in
                if name == "none.example.com" { return .failed("no such name") }
                while !gate.withLock({ $0 }) { usleep(1000) }
                return .failed("late")
            }
        }
        #expect(try await rig.post("http://none.example.com/").error == .dns)
        let slow = try await rig.post("http://slow.example.com/")
        #expect(slow.error == .dns)
        #expect(slow.took >= .milliseconds(145) && slow.took < .seconds(9))
        gate.withLock { $0 = true }
        try await rig.stop()
    }

    @Test func `names of one workspace that hang hold up no other workspace`() async throws {
        let receiver = try await TestReceiver.start()
        let gate = Mutex(false)
        let working = Mutex((now: 0, most: 0))
        let rig = try await SenderRig.start {
            $0.dnsTimeout = .seconds(10)
            $0.lookup = { name in
                if !name.hasPrefix("hang") { return .addresses([Self.loopback]) }
                working.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                while !gate.withLock({ $0 }) { usleep(1000) }
                working.withLock { $0.now -= 1 }
                return .failed("late")
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for n in 0..<30 {
                group.addTask { _ = try await rig.post("http://hang\(n).example.com/", workspace: "bad") }
            }
            try await eventually("two names at work") { working.withLock { $0.now } == 2 }
            let answer = try await rig.post("http://good.example.com:\(receiver.port)/", workspace: "good")
            #expect(answer.status == 200)
            #expect(working.withLock { $0.most } == 2)
            gate.withLock { $0 = true }
            try await group.waitForAll()
        }
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `the next address is tried when one cannot be connected to`() async throws {
        let receiver = try await TestReceiver.start()
        let rig = try await SenderRig.start {
            // Nothing listens at 127.0.0.2 on the receiver's port.
            $0.lookup = { _ in .addresses([.v4(0x7f00_0002), .v4(0x7f00_0003), Self.loopback]) }
        }
        #expect(try await rig.post("http://hooks.example.com:\(receiver.port)/").status == 200)
        #expect(rig.gauges.connectionsOpened == 3)
        try await rig.stop()
        try await receiver.stop()
    }

    @Test func `the system's resolver knows localhost, and an absolute name is past all search domains`() {
        guard case .addresses(let addresses) = SystemLookup.lookup(absolute: false)("localhost") else {
            Issue.record("localhost has no address")
            return
        }
        #expect(addresses.contains(Self.loopback) || addresses.contains(.v6(0, 1)))
        guard case .failed = SystemLookup.lookup(absolute: true)("no-such-name.invalid") else {
            Issue.record("a name under .invalid has an address")
            return
        }
    }
}
