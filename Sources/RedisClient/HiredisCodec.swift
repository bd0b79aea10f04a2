import CHiredis
package import NIOCore

// The one file that speaks RESP, and it does so through hiredis alone.

/// Formats a command as hiredis does and appends it.
///
/// - Throws: ``RedisError/notSent(_:)`` when hiredis has no memory for it or there is no argument.
package func appendFormatted(_ arguments: RedisArguments, to buffer: inout ByteBuffer) throws(RedisError) {
    guard arguments.count > 0, arguments.count <= Int(Int32.max) else {
        throw RedisError.notSent("a command of \(arguments.count) words")
    }
    var target: UnsafeMutablePointer<CChar>?
    let length = arguments.bytes.withUnsafeBytes { bytes in
        // An empty array has no base address; hiredis reads nothing of length 0.
        let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: arguments.count) { words in
            var offset = 0
            for (index, length) in arguments.lengths.enumerated() {
                words[index] = base.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
                offset += length
            }
            return arguments.lengths.withUnsafeBufferPointer { lengths in
                Int(redisFormatCommandArgv(&target, Int32(arguments.count), words.baseAddress, lengths.baseAddress))
            }
        }
    }
    guard length > 0, let target else { throw RedisError.notSent("hiredis could not format the command") }
    buffer.writeBytes(UnsafeRawBufferPointer(start: target, count: length))
    redisFreeCommand(target)
}

/// What hiredis says about bytes that are no reply.
package struct RedisProtocolError: Error, CustomStringConvertible {
    package let description: String
}

/// Parses replies out of bytes as they come.
package struct ReplyReader: ~Copyable {
    /// More than any script answers; a stream beyond it is no reply of ours.
    package static let maximumReplyBytes = 64 << 20

    private let reader: UnsafeMutablePointer<redisReader>
    private var fedSinceReply = 0

    package init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("no memory for a reply reader") }
        // Zero keeps the reader's buffer instead of shrinking it after each larger reply.
        reader.pointee.maxbuf = 0
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisProtocolError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        fedSinceReply += bytes.count
        guard fedSinceReply <= Self.maximumReplyBytes else {
            throw RedisProtocolError(description: "a reply of more than \(Self.maximumReplyBytes) bytes")
        }
        guard redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw failure()
        }
    }

    /// The next whole reply, or nil until more bytes are fed.
    package mutating func next() throws(RedisProtocolError) -> RedisValue? {
        var raw: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &raw) == REDIS_OK else { throw failure() }
        guard let raw else { return nil }
        fedSinceReply = 0
        let reply = OwnedReply(pointer: raw.assumingMemoryBound(to: redisReply.self))
        return reply.value()
    }

    private func failure() -> RedisProtocolError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisProtocolError(description: text)
    }
}

/// Owns one reply of hiredis and frees it exactly once.
private struct OwnedReply: ~Copyable {
    let pointer: UnsafeMutablePointer<redisReply>

    deinit { freeReplyObject(pointer) }

    /// The reply as a value whose strings are slices of one buffer.
    ///
    /// All strings are written first: a buffer that is sliced while it grows would be copied at every write.
    borrowing func value() -> RedisValue {
        var arena = ByteBufferAllocator().buffer(capacity: stringBytes(pointer))
        writeStrings(pointer, to: &arena)
        var offset = 0
        return convert(pointer, from: arena, at: &offset)
    }
}

// hiredis refuses replies nested deeper than seven levels, so the recursion is bounded.

private func stringBytes(_ reply: UnsafeMutablePointer<redisReply>) -> Int {
    switch reply.pointee.type {
    case REDIS_REPLY_STRING: return Int(reply.pointee.len)
    case REDIS_REPLY_ARRAY:
        var sum = 0
        forEachElement(reply) { sum += stringBytes($0) }
        return sum
    default: return 0
    }
}

private func writeStrings(_ reply: UnsafeMutablePointer<redisReply>, to arena: inout ByteBuffer) {
    switch reply.pointee.type {
    case REDIS_REPLY_STRING:
        arena.writeBytes(UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len)))
    case REDIS_REPLY_ARRAY: forEachElement(reply) { writeStrings($0, to: &arena) }
    default: break
    }
}

private func convert(
    _ reply: UnsafeMutablePointer<redisReply>, from arena: ByteBuffer, at offset: inout Int
) -> RedisValue {
    switch reply.pointee.type {
    case REDIS_REPLY_STRING:
        let length = Int(reply.pointee.len)
        defer { offset += length }
        return .bulk(arena.getSlice(at: offset, length: length) ?? ByteBuffer())
    case REDIS_REPLY_ARRAY:
        var values: [RedisValue] = []
        values.reserveCapacity(Int(reply.pointee.elements))
        forEachElement(reply) { values.append(convert($0, from: arena, at: &offset)) }
        return .array(values)
    case REDIS_REPLY_INTEGER: return .integer(Int64(reply.pointee.integer))
    case REDIS_REPLY_STATUS: return .status(text(reply))
    case REDIS_REPLY_ERROR: return .error(RedisServerError(reply: text(reply)))
    default: return .null
    }
}

private func forEachElement(
    _ reply: UnsafeMutablePointer<redisReply>, _ body: (UnsafeMutablePointer<redisReply>) -> Void
) {
    for index in 0..<Int(reply.pointee.elements) {
        if let element = reply.pointee.element[index] { body(element) }
    }
}

private func text(_ reply: UnsafeMutablePointer<redisReply>) -> String {
    String(decoding: UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len)), as: UTF8.self)
}
