import Testing

@testable import Delivery

@Suite struct `Names of certificates` {
    @Test(arguments: [
        ("hooks.example.com", "hooks.example.com", true), ("HOOKS.Example.com", "hooks.example.com", true),
        ("hooks.example.com.", "hooks.example.com", true), ("*.example.com", "hooks.example.com", true),
        ("*.example.com", "a.hooks.example.com", false), ("*.example.com", "example.com", false),
        ("*.com", "example.com", false), ("*", "example.com", false), ("", "example.com", false),
        ("h*.example.com", "hooks.example.com", false), ("example.com", "hooks.example.com", false),
        ("*.example.com", "my_host.example.com", true),
    ])
    func `match the whole name, or any one first label`(pattern: String, name: String, matches: Bool) {
        #expect(CertificateNames.matches(Array(pattern.utf8), Array(name.utf8)) == matches)
    }
}
