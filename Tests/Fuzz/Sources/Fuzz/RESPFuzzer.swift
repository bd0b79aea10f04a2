import NIOCore

@testable import RedisClient

/// Any bytes as what Redis sends, and as what is sent to it. The first byte chooses the sizes of the pieces in which they
/// come.
func fuzzRESP(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    // hiredis takes an array's announced length at its word; what that costs is its own business and is bounded by the
    // trust in Redis, so inputs that announce millions are left out.
    if !announcesHugeArray(stream) {
        let whole = replies([stream])
        let size = max(1, Int(first))
        let pieces = stride(from: 0, to: stream.count, by: size).map {
            Array(stream[$0..<min($0 + size, stream.count)])
        }
        require(replies(pieces) == whole, "the sizes of the pieces change no reply")
    }
    checkFormat(stream, separator: first)
    checkPending(stream)
}

private func announcesHugeArray(_ stream: [UInt8]) -> Bool {
    var digits = -1
    for byte in stream {
        if byte == UInt8(ascii: "*") {
            digits = 0
        } else if digits >= 0, byte >= 0x30, byte <= 0x39 || byte == 0x2B {
            digits += 1
            if digits > 5 { return true }
        } else {
            digits = -1
        }
    }
    return false
}

/// The replies in the pieces, as text, and whether they end in an error.
private func replies(_ pieces: [[UInt8]]) -> [String] {
    var reader = ReplyReader()
    var texts: [String] = []
    do throws(RedisProtocolError) {
        for piece in pieces {
            let result: Result<Void, RedisProtocolError> = piece.withUnsafeBytes { bytes in
                do throws(RedisProtocolError) { return .success(try reader.feed(bytes)) } catch {
                    return .failure(error)
                }
            }
            try result.get()
            while let reply = try reader.next() { texts.append(text(reply)) }
        }
    } catch {
        texts.append("protocol error")
    }
    return texts
}

private func text(_ value: RedisValue) -> String {
    switch value {
    case .null: "null"
    case .integer(let number): "integer \(number)"
    case .status(let text): "status \(text)"
    case .bulk(let buffer): "bulk \(Array(buffer.readableBytesView))"
    case .array(let values): "array \(values.map(text))"
    case .error(let error): "error \(error.code) \(error.message)"
    }
}

/// Any words are one command of the protocol and nothing beside it.
private func checkFormat(_ bytes: [UInt8], separator: UInt8) {
    let words = bytes.split(separator: separator, omittingEmptySubsequences: false).map(Array.init)
    guard words.count < 1000 else { return }
    var arguments = RedisArguments()
    for word in words { arguments.append(word) }
    var buffer = ByteBuffer()
    guard (try? appendFormatted(arguments, to: &buffer)) != nil else {
        return require(false, "every command can be formatted")
    }
    var expected = Array("*\(words.count)\r\n".utf8)
    for word in words { expected += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8) }
    require(Array(buffer.readableBytesView) == expected, "a command is an array of bulk strings")
    require(
        replies([expected]) == [text(.array(words.map { .bulk(ByteBuffer(bytes: $0)) }))], "and is read back as it is")
}

/// A queue of pending commands against the simplest one there is.
private func checkPending(_ steps: [UInt8]) {
    struct Command {
        let id: UInt64
        let sentAt: Int64
        let deadline: Int64
        var waits = true
        var isSent = false
    }
    var pending = PendingCommands<UInt64>(maximum: 8)
    var model: [Command] = []
    var next: UInt64 = 0
    var now: Int64 = 0
    for step in steps {
        let value = Int64(step >> 3)
        switch step & 7 {
        case 0, 1:
            require(pending.isFull == (model.count >= 8), "full at its maximum")
            guard !pending.isFull else { continue }
            pending.append(
                id: next, caller: next, now: .uptimeNanoseconds(UInt64(now)), timeout: .nanoseconds(value + 1))
            model.append(Command(id: next, sentAt: now, deadline: now + value + 1))
            next += 1
        case 2:
            pending.markSent()
            for index in model.indices { model[index].isSent = true }
        case 3, 4:
            let expected = model.first.map { $0.isSent } ?? false
            switch pending.reply() {
            case .unsolicited: require(!expected, "a reply belongs to the oldest command that was sent")
            case .belongs(let caller, let sent):
                require(expected, "nothing is answered before it is sent")
                let command = model.removeFirst()
                require(caller == (command.waits ? command.id : nil), "a reply answers the oldest command or nobody")
                require(sent == .uptimeNanoseconds(UInt64(command.sentAt)), "and says when that was sent")
            }
        case 5:
            let id = UInt64(value) % max(next, 1)
            let index = model.firstIndex { $0.id == id && $0.waits }
            require(pending.abandon(id: id) == index.map { model[$0].id }, "who waits is given up once")
            if let index { model[index].waits = false }
        case 6:
            now += value
            let expiry = pending.expire(now: .uptimeNanoseconds(UInt64(now)))
            let late = model.filter { $0.waits && $0.deadline <= now }.map(\.id)
            require(expiry.callers == late, "who is over the deadline is given up, in order")
            for index in model.indices where model[index].deadline <= now { model[index].waits = false }
        default:
            guard value == 0 else { continue }
            let (sent, unsent) = pending.removeAll()
            require(sent == model.filter { $0.isSent && $0.waits }.map(\.id), "who was sent")
            require(unsent == model.filter { !$0.isSent && $0.waits }.map(\.id), "who was not")
            model = []
        }
        require(pending.count == model.count && pending.isEmpty == model.isEmpty, "the number of places")
    }
}
