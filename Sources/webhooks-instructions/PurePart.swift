import ArgumentParser
import Delivery
import NIOCore
import RedisClient
import WebhookModel

/// Runs one pure part of the hot path again and again, for callgrind, which counts its instructions from outside
/// (`scripts/bench instructions`). A program of its own without concurrency: Valgrind does not get along with its threads.
@main
struct InstructionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks-instructions", abstract: "Runs a pure part of the hot path a number of times.",
        discussion: "Parts: \(PurePart.allCases.map(\.rawValue).joined(separator: ", "))")

    @Argument(help: "The part.")
    var part: PurePart
    @Argument(help: "How many times.")
    var count: Int

    func run() throws {
        let body = try part.prepare()
        var sum = 0
        for _ in 0..<count { sum &+= body() }
        print(sum)
    }
}

/// What cannot be made of fixed text.
struct BadSample: Error {}

/// The parts of accepting and delivering an event that need no I/O.
enum PurePart: String, CaseIterable, ExpressibleByArgument {
    /// A posted event of 1 KiB, read strictly.
    case readEvent = "read-event"
    /// Its stored body, made.
    case storedBody = "stored-body"
    /// 16 webhooks found among 10,000.
    case match
    /// A signed request of 1 KiB, encoded.
    case encodeRequest = "encode-request"
    /// A command of 12 words and 1 KiB, formatted.
    case redisFormat = "redis-format"
    /// A reply of 64 strings of 200 bytes, parsed.
    case redisParse = "redis-parse"

    /// A posted event of 1 KiB.
    private static let posted =
        #"{"event":"people.updated","record":{"id":"record-1","name":"Ada Lovelace","score":1.50,"text":""#
        + String(repeating: "x", count: 884) + #""},"timestamp":"2026-04-29T10:30:00.123Z"}"#

    private static func workspace() throws -> WorkspaceName {
        guard let name = WorkspaceName("acme") else { throw BadSample() }
        return name
    }

    /// - Returns: what is repeated; its result keeps the compiler from leaving it out.
    func prepare() throws -> () -> Int {
        switch self {
        case .readEvent:
            let body = Array(Self.posted.utf8)
            return { (try? EventRequest.read(body).events.count) ?? 0 }
        case .storedBody:
            let event = try EventRequest.read(Array(Self.posted.utf8)).events[0]
            let id = EventID.new(milliseconds: 1_790_000_000_000)
            let workspace = try Self.workspace()
            return { event.storedBody(eventID: id, workspace: workspace, now: 1_790_000_000_000).count }
        case .match: return try match()
        case .encodeRequest: return try encode()
        case .redisFormat: return redisFormat()
        case .redisParse: return try redisParse()
        }
    }

    private func redisFormat() -> () -> Int {
        var command = RedisCommand("EVALSHA", "0123456789012345678901234567890123456789", "1", "wh:{0}:version")
        for _ in 0..<7 { command.arguments.append("an argument of usual length, 36 bytes") }
        command.arguments.append(String(repeating: "x", count: 1024))
        let arguments = command.arguments
        return {
            var buffer = ByteBuffer()
            try? appendFormatted(arguments, to: &buffer)  // 0 bytes then, which the sum shows
            return buffer.readableBytes
        }
    }

    private func redisParse() throws -> () -> Int {
        // A command on the wire is what an array of strings is as a reply.
        var command = RedisCommand("x")
        for _ in 1..<64 { command.arguments.append(String(repeating: "x", count: 200)) }
        var bytes = ByteBuffer()
        try appendFormatted(command.arguments, to: &bytes)
        let parser = Parser()
        return { [bytes] in parser.parse(bytes) }
    }

    /// Keeps the reader, which cannot be captured.
    private final class Parser {
        private var reader = ReplyReader()

        func parse(_ bytes: ByteBuffer) -> Int {
            do throws(RedisProtocolError) {
                try bytes.withUnsafeReadableBytes { (raw) throws(RedisProtocolError) in try reader.feed(raw) }
                guard case .array(let values)? = try reader.next() else { return 0 }
                return values.count
            } catch {
                return 0
            }
        }
    }

    private func match() throws -> () -> Int {
        guard let wanted = OperationPattern("people.created", in: .standard),
            let other = OperationPattern("company.*", in: .standard),
            let operation = Operation("people.created", in: .standard)
        else { throw BadSample() }
        var index = PatternIndex()
        for number in 0..<10_000 {
            index.insert(
                WebhookID.new(milliseconds: 1_790_000_000_000 + Int64(number)),
                patterns: [number % 625 == 0 ? wanted : other])
        }
        return { [index] in index.matches(operation, after: nil, limit: 100).ids.count }
    }

    private func encode() throws -> () -> Int {
        let event = try EventRequest.read(Array(Self.posted.utf8)).events[0]
        let id = EventID.new(milliseconds: 1_790_000_000_000)
        let webhook = WebhookID.new(milliseconds: 1_790_000_000_000)
        let workspace = try Self.workspace()
        let stored = ByteBuffer(bytes: event.storedBody(eventID: id, workspace: workspace, now: 1_790_000_000_000))
        let endpoint = PreparedEndpoint(
            workspace: workspace,
            target: try TargetURL(
                "https://example.com/hook", policy: TargetPolicy(allowsHTTP: false, allowsPrivate: false)),
            userAgent: "Dalil-Webhooks/bench")
        let signer = WebhookSigner(secret: try Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let encoder = RequestEncoder()
        return {
            encoder.encode(
                endpoint, stored: stored, event: id, webhook: webhook, signer: signer,
                wallClockMilliseconds: 1_790_000_000_000
            ).readableBytes
        }
    }
}
