import NIOCore
import NIOPosix
import Logging
@testable import RedisClient
import TestSupport
import Testing

/// RESP2 (redis.io/docs/reference/protocol-spec) as bytes, and what the reader makes of it.
struct `The codec` {
    /// All replies that the bytes hold, when they come in pieces.
    private func replies(_ pieces: [ArraySlice<UInt8>]) throws -> [RedisValue] {
        var reader = ReplyReader()
        var values: [RedisValue] = []
        for piece in pieces {
            try piece.withUnsafeBytes { try reader.feed($0) }
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    private func text(_ values: [RedisValue]) -> String { "\(values)" }

    private static let stream = Array(
        ("+OK\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n-FENCED lane\r\n-ERR\r\n"
            + "*3\r\n:1\r\n*2\r\n$1\r\na\r\n*1\r\n+in\r\n$-1\r\n*2\r\n-BAD inner\r\n$3\r\n\u{e9}x\r\n"
            + ":9223372036854775807\r\n:-9223372036854775808\r\n").utf8)

    @Test func `reads the same replies wherever the bytes are cut`() throws {
        let whole = try replies([Self.stream[...]])
        #expect(whole.count == 13)
        for cut in 1..<Self.stream.count {
            #expect(try text(replies([Self.stream[..<cut], Self.stream[cut...]])) == text(whole), "cut at \(cut)")
        }
        #expect(try text(replies(Self.stream.indices.map { Self.stream[$0...$0] })) == text(whole))
    }

    @Test func `gives each type of reply as what it is`() throws {
        let values = try replies([Self.stream[...]])
        #expect(try values[0].text() == "OK")
        #expect(try values[1].integer() == -42)
        #expect(try values[2].text() == "he\r\no")
        #expect(try values[3].bytes().readableBytes == 0)
        #expect(values[4].isNull && values[5].isNull)
        #expect(try values[6].array().isEmpty)
        guard case .error(let fenced) = values[7], case .error(let bare) = values[8] else {
            Issue.record("no error where one was")
            return
        }
        #expect(fenced == RedisServerError(code: "FENCED", message: "lane"))
        #expect(bare == RedisServerError(code: "ERR", message: ""))
        let outer = try values[9].array(atLeast: 3)
        #expect(try outer[0].integer() == 1)
        #expect(try outer[1].array(atLeast: 2)[0].text() == "a")
        #expect(try outer[1].array(atLeast: 2)[1].array(atLeast: 1)[0].text() == "in")
        #expect(outer[2].isNull)
        guard case .error(let inner) = try values[10].array(atLeast: 2)[0] else {
            Issue.record("no error inside the array")
            return
        }
        #expect(inner.code == "BAD")
        #expect(try values[10].array()[1].text() == "\u{e9}x")
        #expect(try values[11].integer() == .max)
        #expect(try values[12].integer() == .min)
    }

    @Test func `reads a number out of a string and refuses what is none`() throws {
        func value(_ text: String) -> RedisValue { .bulk(ByteBuffer(string: text)) }
        #expect(try value("1790000000000").integer() == 1_790_000_000_000)
        #expect(try value("-9223372036854775808").integer() == .min)
        for text in ["", "-", "1.5", " 1", "1e3", "9223372036854775808", "-9223372036854775809", "０"] {
            #expect(throws: RedisError.self, "\(text)") { try value(text).integer() }
        }
        #expect(throws: RedisError.self) { try RedisValue.null.text() }
        #expect(throws: RedisError.self) { try RedisValue.integer(1).bytes() }
        #expect(throws: RedisError.self) { try RedisValue.array([]).array(atLeast: 1) }
        #expect(try RedisValue.null.optionalText() == nil)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "?\r\n", "*1\r\n!5\r\nabcde\r\n", "$abc\r\n", "*99999999999999999999\r\n",
        ":12x\r\n",
        "$-7\r\n", "\u{0}\u{0}",
    ])
    func `refuses bytes that are no reply`(_ bytes: String) {
        #expect(throws: RedisProtocolError.self) { try replies([Array(bytes.utf8)[...]]) }
    }

    @Test func `refuses replies nested beyond any of ours, without a deep stack`() {
        let deep = String(repeating: "*1\r\n", count: 100_000) + ":1\r\n"
        #expect(throws: RedisProtocolError.self) { try replies([Array(deep.utf8)[...]]) }
    }

    @Test func `refuses a reply that never ends before it takes the memory`() {
        var reader = ReplyReader()
        let piece = [UInt8](repeating: 65, count: 1 << 20)
        #expect(throws: RedisProtocolError.self) {
            try Array("$1073741824\r\n".utf8).withUnsafeBytes { try reader.feed($0) }
            for _ in 0..<65 {
                try piece.withUnsafeBytes { try reader.feed($0) }
                if try reader.next() != nil { return }
            }
        }
    }

    @Test func `never crashes on random bytes, and never reads a reply twice`() throws {
        var generator = SeededGenerator(seed: 20_261_125)
        for _ in 0..<3000 {
            var bytes = Self.stream
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var reader = ReplyReader()
            var count = 0
            do {
                try bytes.withUnsafeBytes { try reader.feed($0) }
                while try reader.next() != nil { count += 1 }
            } catch is RedisProtocolError {}
            #expect(count <= bytes.count / 3)
        }
    }

    @Test func `writes arguments of any bytes as they are, by their length`() throws {
        var arguments = RedisArguments()
        arguments.append("SET")
        arguments.append("x\r\nHSET wh:{0}:webhook:a:b secret y\r\n")
        arguments.append([0, 255, 13, 10, 36, 42] as [UInt8])
        arguments.append("")
        arguments.append(-120)
        var buffer = ByteBuffer()
        try appendFormatted(arguments, to: &buffer)
        let wanted =
            Array("*5\r\n$3\r\nSET\r\n$37\r\nx\r\nHSET wh:{0}:webhook:a:b secret y\r\n\r\n$6\r\n".utf8)
            + [0, 255, 13, 10, 36, 42] + Array("\r\n$0\r\n\r\n$4\r\n-120\r\n".utf8)
        #expect(Array(buffer.readableBytesView) == wanted)
        #expect(throws: RedisError.self) { try appendFormatted(RedisArguments(), to: &buffer) }
    }
}

/// A generator whose numbers are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct `Arbitrary bytes` {
    @Test func `in every argument and every value come back whole and run nothing`() async throws {
        let server = try await RedisServer.start()
        let connection = try await RedisConnection.connect(
            try RedisConfiguration(url: server.url), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        var generator = SeededGenerator(seed: 7)
        var nasty: [[UInt8]] = [
            [], [0], Array("\r\n".utf8), Array("$5\r\nHELLO\r\nFLUSHALL\r\n".utf8), Array("*?[a]{0}".utf8),
        ]
        for _ in 0..<200 {
            nasty.append(
                (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator)
                })
        }
        _ = try await connection.execute(RedisCommand("SET", "witness", "here"))
        for key in nasty {
            var set = RedisCommand("HSET", "hash")
            set.arguments.append(key)
            set.arguments.append(key.reversed() as [UInt8])
            _ = try await connection.execute(set)
            var get = RedisCommand("HGET", "hash")
            get.arguments.append(key)
            #expect(try await Array(connection.execute(get).bytes().readableBytesView) == key.reversed())
        }
        #expect(try await connection.execute(RedisCommand("GET", "witness")).text() == "here")
        #expect(try await connection.execute(RedisCommand("DBSIZE")).integer() == 2)
        await connection.close()
    }
}
