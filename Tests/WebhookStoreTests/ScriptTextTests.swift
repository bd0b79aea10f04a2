import RedisClient
import Testing
import WebhookStore

/// What the text of the scripts must keep to, whatever they do.
struct `The text of every script` {
    private static let texts = StoreScripts.all.map {
        (name: $0.name, code: withoutComments(String(decoding: $0.source, as: UTF8.self)))
    }

    private static func withoutComments(_ source: String) -> String {
        source.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.firstRange(of: "--").map { String(line[..<$0.lowerBound]) } ?? String(line)
        }.joined(separator: "\n")
    }

    @Test func `makes no code of text and decodes nothing of a tenant's`() throws {
        let forbidden = [
            "loadstring", "load(", "dofile", "require", "setfenv", "getfenv", "string.dump", "cjson", "cmsgpack",
            "struct.",
            "redis.pcall", "redis.replicate", "redis.set_repl", "debug.",
        ]
        for (name, code) in Self.texts {
            for word in forbidden { #expect(!code.contains(word), "\(name) uses \(word)") }
        }
    }

    @Test func `gives data to Redis as whole arguments: each command is a word of its own in the text`() throws {
        // call('NAME', ...), or `call(cmd, ...)` in the one common function that is given the name.
        let calls = /\bcall\(\s*([^,)]*)/
        for (name, code) in Self.texts {
            for match in code.matches(of: calls) {
                let command = match.output.1
                #expect(
                    command.wholeMatch(of: /'[A-Z]+'/) != nil || command == "cmd", "\(name) calls \(command)")
            }
            #expect(code.matches(of: /redis\.call/).count == 1, "\(name) names redis.call once")
        }
    }

    @Test func `calls no command that walks all keys, deletes them at large or touches the server`() throws {
        let forbidden = [
            "KEYS", "SCAN", "FLUSHDB", "FLUSHALL", "SORT", "EVAL", "EVALSHA", "CONFIG", "SCRIPT", "RENAME", "COPY",
            "MOVE",
            "SWAPDB", "PUBLISH", "WAIT", "OBJECT", "HKEYS", "HVALS", "HGETALL", "SMEMBERS",
        ]
        for (name, code) in Self.texts {
            for command in forbidden { #expect(!code.contains("'\(command)'"), "\(name) calls \(command)") }
        }
    }

    @Test func `spells each key as the prefix and a kind that is documented`() throws {
        // Every text that ends in a colon, and every one behind the prefix, begins a key.
        let kinds = Set(StoreKeys.documented.map { String($0.prefix { $0 != ":" }) })
        for (name, code) in Self.texts {
            for match in code.matches(of: /prefix \.\. '([^':]*)/) {
                #expect(kinds.contains(String(match.output.1)), "\(name) spells \(match.output.1)")
            }
            for match in code.matches(of: /'([a-z]+):/) {
                #expect(kinds.contains(String(match.output.1)), "\(name) spells \(match.output.1)")
            }
            #expect(!code.contains("wh:"), "\(name) spells the prefix itself")
        }
    }

    /// Lua's stack takes a few thousand values and Redis's arguments cost memory: each spread of a list is known to be
    /// short, and why.
    private static let boundedSpreads: [String: String] = [
        "unpack(list, i, math.min(i + 99, #list))": "a hundred",
        "unpack(released[i + j - 1])": "a pair",
        "unpack(gone)": "two keys for each of a hundred events",
        "unpack(a)": "the fields of one endpoint or one deleted webhook",
        "unpack(f)": "five names",
        "unpack(names)": "a dozen names",
        "unpack(keys)": "a hundred, of one batch or one part of it",
        "unpack(toks)": "64 tokens of one call",
        "unpack(cursors)": "64 events of one call",
        "unpack(ids)": "a hundred events or dead letters",
        "unpack(set)": "the fields of one webhook",
        "unpack(asked)": "the tokens of one delivery, one for each attempt there may be",
        "unpack(tokens)": "the tokens of one delivery, one for each attempt there may be",
        "unpack(clear)": "the fields of one webhook",
        "unpack(ARGV, 5)": "names of fields, or fields of one lane or key",
        "unpack(ARGV, 7)": "names of fields",
        "unpack(ARGV, 9)": "a hundred event ids of one replay",
    ]

    @Test func `spreads only lists that are known to be short`() throws {
        for (name, code) in Self.texts {
            for match in code.matches(of: /unpack\((?:[^()]|\([^()]*\))*\)/) {
                #expect(Self.boundedSpreads[String(match.output)] != nil, "\(name): \(match.output)")
            }
        }
    }

    @Test func `lets every script but ingest run when memory is full`() throws {
        for script in StoreScripts.all {
            let first = String(decoding: script.source.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            // A script that never writes says so, which lets it run then too.
            let wanted =
                script.name == "ingest"
                ? "#!lua" : script.isReadOnly ? "#!lua flags=no-writes" : "#!lua flags=allow-oom"
            #expect(first == wanted, "\(script.name)")
        }
    }

    @Test func `takes the time from Redis alone`() throws {
        for (name, code) in Self.texts {
            #expect(!code.contains("os.time") && !code.contains("os.clock"), "\(name)")
        }
    }

    @Test func `has the SHA-1 that Redis gives it, and every script has its own`() throws {
        #expect(Set(StoreScripts.all.map(\.sha1)).count == StoreScripts.all.count)
        #expect(Set(StoreScripts.all.map(\.name)).count == StoreScripts.all.count)
    }
}
