import TestSupport
import Testing

@testable import WebhookModel

@Suite struct APIKeyTokenTests {
    @Test func `a new key has the lookup part, 256 random bits and the form that is accepted`() throws {
        var tokens: Set<String> = []
        for _ in 0..<500 {
            let token = APIKeyToken.generate()
            #expect(token.exposedText.utf8.count == APIKeyToken.length)
            #expect(token.exposedText.hasPrefix("whk_0"))
            #expect(token.lookup.utf8.count == 12)
            #expect(APIKeyToken.isLookup(token.lookup))
            #expect(try #require(APIKeyToken(token.exposedText)).exposedText == token.exposedText)
            tokens.insert(token.exposedText)
        }
        #expect(tokens.count == 500)
    }

    @Test func `the same random numbers give the same key`() {
        var first = SeededGenerator(seed: 9)
        var second = SeededGenerator(seed: 9)
        #expect(
            APIKeyToken.generate(using: &first).exposedText == APIKeyToken.generate(using: &second).exposedText)
    }

    @Test func `a byte of another alphabet at any place makes a text no key`() {
        let good = Array("whk_0a1b2c3d4e5f_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk-_01234".utf8.prefix(60))
        #expect(good.count == 60)
        #expect(APIKeyToken(String(decoding: good, as: UTF8.self)) != nil)
        for position in good.indices {
            for byte: UInt8 in [0, 0x0A, 0x0D, 0x20, 0x21, 0x2A, 0x2B, 0x2F, 0x3A, 0x3D, 0x3F, 0x5B, 0x7B, 0x7D, 0x7F] {
                var text = good
                text[position] = byte
                #expect(APIKeyToken(String(decoding: text, as: UTF8.self)) == nil, "byte \(byte) at \(position)")
            }
        }
        for position in 4..<16 {
            var text = good
            text[position] = UInt8(ascii: "A")
            #expect(APIKeyToken(String(decoding: text, as: UTF8.self)) == nil, "an upper-case letter at \(position)")
        }
    }

    @Test func `a key that is cut, longer, without its parts or not ASCII is no key`() {
        let good = APIKeyToken.generate().exposedText
        for length in 0..<60 { #expect(APIKeyToken(String(good.prefix(length))) == nil) }
        for text in [
            good + "a", " " + good, good + "\n", good.uppercased(), "Bearer " + good,
            good.replacing("whk_", with: "whx_"), String(repeating: "a", count: 60),
            String(repeating: "w", count: 70_000),
            String(good.dropLast(2)) + "\u{E9}",
        ] {
            #expect(APIKeyToken(text) == nil)
        }
    }

    @Test func `the digest is the SHA-256 of the whole text`() throws {
        let token = try #require(APIKeyToken("whk_0a1b2c3d4e5f_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk-_0123"))
        // By sha256sum.
        #expect(token.digestText == "e0bb6f20e406d4a72f5fe2a336d56bef13540324308d63195b9aeed16f6d7d04")
        #expect(Hexadecimal.text(token.digest) == token.digestText)
        #expect(token.lookup == "0a1b2c3d4e5f")
    }

    @Test func `nothing that prints a key shows more than its lookup part`() {
        let token = APIKeyToken.generate()
        var dumped = ""
        dump(token, to: &dumped)
        let secret = String(token.exposedText.suffix(43))
        for text in ["\(token)", String(reflecting: token), "\([token])", dumped] {
            #expect(!text.contains(secret))
            #expect(text.contains(token.lookup))
        }
    }

    @Test(arguments: [
        "", "0a1b2c3d4e5", "0a1b2c3d4e5f0", "0a1b2c3d4e5F", "0a1b2c3d4e5*", "0a1b2c3d4e\u{E9}", "0a1b2c3d:e5f",
    ])
    func `a text that is no lookup part never finds a key`(text: String) {
        #expect(!APIKeyToken.isLookup(text))
    }
}

@Suite struct ScopeTests {
    @Test(
        arguments: [
            ("webhooks", Scope.webhooks, "webhooks"), ("events", .events, "events"), ("read", .read, "read"),
            ("read,webhooks", [.webhooks, .read], "webhooks,read"),
            ("events,read,webhooks", [.webhooks, .events, .read], "webhooks,events,read"),
            ("read,read", .read, "read"),
        ] as [(String, Scope, String)])
    func `a list of names is read and written in a fixed order`(text: String, scope: Scope, written: String) throws {
        #expect(try Scope.parse(text) == scope)
        #expect(scope.text == written)
        #expect(try Scope.parse(scope.text) == scope)
    }

    @Test(arguments: [
        ("", ""), ("admin", "admin"), ("webhooks,", ""), (",webhooks", ""), ("webhooks, events", " events"),
        ("Webhooks", "Webhooks"), ("webhooks;events", "webhooks;events"), ("*", "*"),
    ])
    func `what is no scope is named`(text: String, name: String) throws {
        let problem = try #require(throws: Scope.Problem.self) { try Scope.parse(text) }
        #expect(problem.name == name)
        #expect(problem.description == "\"\(name)\" is not a scope: use webhooks, events or read")
    }
}
