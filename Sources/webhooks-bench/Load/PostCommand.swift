import ArgumentParser
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Runs a closed loop of POSTs and prints its ``PostLoop/Result`` as JSON.
struct PostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post", abstract: "POSTs the same body again and again.", shouldDisplay: false)

    @Option(help: "The port on 127.0.0.1.")
    var port: Int
    @Option(help: "The path.")
    var path = "/hook"
    @Option(help: "How many connections.")
    var connections = 16
    @Option(help: "How many requests.")
    var count: Int
    @Option(help: "Bytes of an event.")
    var size = 1024
    @Option(help: "Events of a request; 0 for a body that is no batch.")
    var batch = 0
    @Option(help: "API key.")
    var key: String?
    @Option(help: "Trusted authority, for https.")
    var authority: String?

    func run() async throws {
        var headers: HTTPHeaders = ["content-type": "application/json"]
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
        var loop = PostLoop(
            host: "127.0.0.1", port: port, path: path, headers: headers,
            body: ByteBuffer(string: Self.body(batch: batch, size: size)))
        loop.authorityFile = authority
        // A first run opens what is opened at first use.
        _ = try await loop.run(connections: connections, count: min(count, connections * 20))
        let result = try await loop.run(connections: connections, count: count)
        print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    }

    /// A posted event of about `size` bytes, or a batch of them.
    static func body(batch: Int, size: Int) -> String {
        let head = #"{"event":"people.updated","record":{"id":"record-1","name":"Ada Lovelace","text":""#
        let tail = #""},"timestamp":"2026-04-29T10:30:00.123Z"}"#
        let event = head + String(repeating: "x", count: max(0, size - head.utf8.count - tail.utf8.count)) + tail
        guard batch > 0 else { return event }
        return #"{"events":["# + [String](repeating: event, count: batch).joined(separator: ",") + "]}"
    }
}
