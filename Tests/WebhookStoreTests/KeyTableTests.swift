import FleetSupport
import FoundationEssentials
import RedisClient
import TestSupport
import Testing
import WebhookStore

/// `docs/redis.md` against the keys that are really there.
@Suite(.serialized, .ownRedis, .timeLimit(.minutes(1)))
struct `The table of keys in docs` {
    private static let page: String = {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return String(decoding: FileManager.default.contents(atPath: "/\(path)/docs/redis.md") ?? Data(), as: UTF8.self)
    }()

    /// The cells of each row whose first cell is code.
    private static var rows: [[String]] {
        page.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            return line.split(separator: "|").map { $0.trimmed }
        }
    }

    @Test func `names every kind of key, and no other`() {
        let documented = Self.rows.map { String($0[0].dropFirst().dropLast()) }
        #expect(Set(documented) == Set(StoreKeys.documented))
        #expect(documented.count == StoreKeys.documented.count)
    }

    @Test func `says the type that each key really has`() async throws {
        let populated = try await PopulatedShard()
        let types = Dictionary(uniqueKeysWithValues: Self.rows.map { (String($0[0].dropFirst().dropLast()), $0[1]) })
        for name in try await ShardSnapshot(populated.rig.redis).keyNames {
            let type = try await populated.rig.command("TYPE", populated.rig.keys.prefix + name).text()
            #expect(types[keyKind(name)] == type.uppercased(), "\(name)")
        }
    }

    @Test func `gives lines that run as they stand`() async throws {
        let populated = try await PopulatedShard()
        let lines = Self.page.matches(of: /`(r [A-Z]+ [^`]*)`/).map { String($0.output.1) }
        #expect(lines.count >= StoreKeys.documented.count)
        let directory = try TemporaryDirectory()
        let letter = StoreRig.event(21)
        var script = """
            set -u
            r() { redis-cli -s '\(populated.rig.server.socketPath)' "$@"; }
            K='wh:{0}:'
            ID=\(StoreRig.webhook(9)) EVENT=\(letter) LANE=L KEYID=x HASH=x

            """
        for (index, line) in lines.enumerated() {
            script += "echo '== \(index)'; \(line) || echo 'FAILED'\n"
        }
        let shell = try ChildProcess("bash", ["-c", script], directory: directory.path, name: "lines")
        #expect(try await shell.exitStatus() == 0)
        #expect(shell.errorOutput == "")
        let parts = shell.output.split(separator: "== ").map(String.init)
        #expect(parts.count == lines.count)
        for (line, answer) in zip(lines, parts) {
            let wrong = ["FAILED", "WRONGTYPE", "ERR", "unbound"].first { answer.contains($0) }
            #expect(wrong == nil, "\(line): \(answer)")
        }
        #expect(shell.output.contains("exhausted"))  // of `letters:`: the lines really read something
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
