import Testing

@testable import WebhookModel

@Suite struct `A target in a log line` {
    @Test func `is scheme, host, port and a hash of the rest`() throws {
        let policy = TargetPolicy(allowsHTTP: true, allowsPrivate: true)
        let secret = try TargetURL("https://Hooks.Example.com/token-4711?key=hush", policy: policy).logText
        #expect(secret.hasPrefix("https://hooks.example.com:443#"))
        #expect(secret.count == "https://hooks.example.com:443#".count + 8)
        #expect(!secret.contains("4711") && !secret.contains("hush"))
        #expect(try TargetURL("https://hooks.example.com/token-4711?key=hush", policy: policy).logText == secret)
        #expect(try TargetURL("https://hooks.example.com/token-4712?key=hush", policy: policy).logText != secret)
        #expect(try TargetURL("http://[::1]:8080/", policy: policy).logText.hasPrefix("http://[::1]:8080#"))
    }
}
