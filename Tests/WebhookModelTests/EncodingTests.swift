import Foundation
import TestSupport
import Testing

@testable import WebhookModel

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of RFC 4648 hold both ways`(plain: String, encoded: String) {
        #expect(Base64.text(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test func `random bytes of every length agree with Foundation, both ways`() {
        var generator = SeededGenerator(seed: 64)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let encoded = Base64.text(bytes)
            #expect(encoded == Data(bytes).base64EncodedString())
            #expect(Base64.decode(encoded.utf8) == bytes)
            var urlSafe: [UInt8] = []
            bytes.withUnsafeBytes { Base64.appendURLSafe($0, to: &urlSafe) }
            let expected = encoded.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            #expect(String(decoding: urlSafe, as: UTF8.self) == expected)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zm9", "=", "==", "===", "====", "Z===", "Zg==Zg==", "Zg=a", "Z=g=", "=Zg=", "Zm9v\n",
        "Zm9v Zm9", "Zm9vYg==\n", "Zm-v", "Zm_v", "Zm9v====", "Zh==", "Zk==", "Zm9=", "Zm+=", "Zm9\u{E9}", "Zm9.",
        "Zm9*", "Zg======", "Zm9vZh==",
    ])
    func `a text that is not the one spelling of some bytes is refused`(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func `every accepted text is what its bytes are written as`() {
        var generator = SeededGenerator(seed: 65)
        let alphabet = Array("ABYZabyz0189+/=-_ ".utf8)
        for _ in 0..<20_000 {
            let text = (0..<4).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard let bytes = Base64.decode(text) else { continue }
            #expect(Base64.text(bytes) == String(decoding: text, as: UTF8.self))
        }
    }
}

@Suite struct HexadecimalTests {
    @Test func `every byte is two lower-case digits`() {
        #expect(Hexadecimal.text([0x00, 0x0F, 0x10, 0x9A, 0xFF]) == "000f109aff")
        for byte in UInt8.min...UInt8.max {
            #expect(UInt8(Hexadecimal.text([byte]), radix: 16) == byte)
        }
    }
}

@Suite struct DecimalTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, 9_999_999_999, UInt64(Int64.max), UInt64.max - 1, UInt64.max])
    func `a number is written as its digits`(number: UInt64) {
        var bytes: [UInt8] = [UInt8(ascii: "x")]
        Decimal.append(number, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "x\(number)")
    }
}
