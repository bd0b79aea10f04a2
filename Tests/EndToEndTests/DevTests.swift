import FoundationEssentials
import Glibc
import NIOHTTP1
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct `What a newcomer does` {
    @Test
    func `the three commands of dev work when pasted in another folder, and the receiver prints a verified event`()
        async throws
    {
        let rig = try DevRig()
        let (dev, commands) = try await rig.start("dev")
        try #require(commands.count == 3)
        #expect(rig.mode(of: "") == "700")
        #expect(rig.mode(of: "api-key") == "600")
        // All at once, as a person pastes them; the receiver goes with its shell.
        let terminal = try rig.shell(commands.joined(separator: "\n") + "\nwait", name: "terminal")
        try await eventually(within: .seconds(20), "a verified event: \(terminal.output) \(terminal.errorOutput)") {
            terminal.output.contains(" verified  POST /hook")
        }
        #expect(terminal.output.contains(#"{"data":{"createWebhook":{"id":""#))
        #expect(terminal.output.contains(#"{"data":{"createEvent":{"id":""#))
        #expect(terminal.output.contains(#""name":"Ada Lovelace""#))
        #expect(!terminal.output.contains("NOT VERIFIED"))
        terminal.kill()
        #expect(try await dev.terminate() == 0, "\(dev.errorOutput)")
        #expect(rig.redisPID == nil)
    }

    @Test func `the key is kept, and what was registered is there after a restart`() async throws {
        let rig = try DevRig()
        let (first, commands) = try await rig.start("first")
        let key = rig.text(of: "api-key")
        let registered = try rig.shell(commands[1], name: "register")
        #expect(try await registered.exitStatus() == 0)
        #expect(registered.output.contains("createWebhook"), "\(registered.output)")
        #expect(try await first.terminate() == 0)

        let (second, again) = try await rig.start("second")
        #expect(rig.text(of: "api-key") == key)
        #expect(again == commands)
        let client = HTTPTestClient(port: rig.port)
        let list = try await client.send(
            .GET, "/rest/webhooks",
            headers: ["authorization": "Bearer \(key.split(whereSeparator: \.isNewline).first ?? "")"])
        #expect(list.text.contains("http://127.0.0.1:\(rig.receiverPort)/hook"), "\(list.text)")
        await client.close()
        #expect(try await second.terminate() == 0)
    }

    @Test func `a redis-server that a killed dev left is taken over, and ends with the next dev`() async throws {
        let rig = try DevRig()
        let (first, _) = try await rig.start("first")
        let pid = try #require(rig.redisPID)
        first.kill()
        #expect(rig.redisPID == pid)
        let (second, _) = try await rig.start("second")
        #expect(rig.redisPID == pid)
        #expect(second.errorOutput.contains("taking over the redis-server"))
        #expect(try await second.terminate() == 0)
        #expect(rig.redisPID == nil)
    }

    @Test func `a redis-server that nobody can reach is ended before another one takes its data`() async throws {
        let rig = try DevRig()
        let (first, _) = try await rig.start("first")
        let pid = try #require(rig.redisPID)
        first.kill()
        unlink(rig.socket)
        let (second, _) = try await rig.start("second")
        #expect(rig.redisPID != pid)
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) == nil)
        #expect(try await second.terminate() == 0)
    }

    @Test func `a second dev on the same data is refused, and the first goes on`() async throws {
        let rig = try DevRig()
        let (first, _) = try await rig.start("first")
        let second = try rig.launch("second")
        #expect(try await second.exitStatus() == 1)
        #expect(second.errorOutput.contains("another `webhooks dev` uses \(rig.dataDirectory)"))
        let client = HTTPTestClient(port: rig.port)
        #expect(try await client.send(.GET, "/health/ready").status == 200)
        await client.close()
        #expect(try await first.terminate() == 0)
    }

    @Test func `the append-only file is written anew at each start, and a server that dies is started again`()
        async throws
    {
        let rig = try DevRig()
        let (dev, _) = try await rig.start("dev")
        try await eventually("the rewrite") {
            rig.text(of: "redis.log").contains("Background AOF rewrite finished successfully")
        }
        let pid = try #require(rig.redisPID)
        kill(pid, SIGKILL)
        let client = HTTPTestClient(port: rig.port)
        try await eventually(within: .seconds(15), "a new server") { rig.redisPID.map { $0 != pid } == true }
        try await eventually(within: .seconds(15), "readiness") {
            (try? await client.send(.GET, "/health/ready").status) == 200
        }
        await client.close()
        #expect(try await dev.terminate() == 0)
        #expect(rig.redisPID == nil)
    }

    @Test func `a port that is taken is named with the option that chooses another`() async throws {
        let rig = try DevRig()
        let other = try await TestReceiver.start()
        let dev = try rig.command(
            ["dev", "--data-dir", rig.dataDirectory, "--port", "\(other.port)"], name: "dev")
        #expect(try await dev.exitStatus() == 1)
        #expect(dev.errorOutput.contains("port \(other.port) of 127.0.0.1 is taken"))
        #expect(dev.errorOutput.contains("--port"))
        #expect(rig.redisPID == nil)
        try await other.stop()
    }
}
