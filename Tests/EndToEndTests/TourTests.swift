import FoundationEssentials
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `The README` {
    /// Every block of shell in the section of a title.
    private func shell(ofSection title: String) throws -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let readme = try String(contentsOf: URL(filePath: "\(root)/README.md"), encoding: .utf8)
        let begin = try #require(readme.firstRange(of: "\n## \(title)\n"))
        let section = readme[begin.upperBound...].split(separator: "\n## ", maxSplits: 1)[0]
        return section.split(separator: "```sh\n").dropFirst().map { block in
            String(block.split(separator: "\n```", maxSplits: 1)[0])
        }.joined(separator: "\n")
    }

    @Test func `the tour with curl works as it stands, line by line, and delivers its event`() async throws {
        let rig = try DevRig()
        let receiver = try await TestReceiver.start()
        let (dev, _) = try await rig.start("dev")
        let tour = try shell(ofSection: "A tour with curl")
            .replacing("127.0.0.1:8080", with: "127.0.0.1:\(rig.port)")
            .replacing("127.0.0.1:9000", with: "127.0.0.1:\(receiver.port)")
            .replacing(".webhooks-dev", with: rig.dataDirectory)
            // A person reads the answer before the next line; the delivery needs a moment too.
            .replacing("call $API/webhooks/$ID\n", with: "sleep 1\ncall $API/webhooks/$ID\n")
        let terminal = try rig.shell("set -e\n\(tour)", name: "tour")
        #expect(try await terminal.exitStatus() == 0, "\(terminal.errorOutput)")
        let answers = terminal.output.split(separator: "\n")
        let expected = [
            "createWebhook", "webhooks", "webhooks", "updateWebhook", "createEvent", "webhook", "deleteWebhook",
        ]
        #expect(answers.count == expected.count, "\(terminal.output)")
        for (answer, name) in zip(answers, expected) {
            #expect(answer.hasPrefix(#"{"data":{"\#(name)":"#), "\(answer)")
        }
        #expect(
            answers[5].contains(#""state":"ok""#) && !answers[5].contains(#""lastSuccessAt":null"#), "\(answers[5])")
        #expect(receiver.requestCount == 1)
        let request = try #require(receiver.requests.first)
        #expect(request.field("webhook-signature")?.hasPrefix("v1,") == true)
        #expect(String(decoding: request.body, as: UTF8.self).contains(#""score":1.50"#))
        #expect(try await dev.terminate() == 0)
        try await receiver.stop()
    }
}
