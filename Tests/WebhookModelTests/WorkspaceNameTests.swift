import Testing

@testable import WebhookModel

@Suite struct WorkspaceNameTests {
    @Test(arguments: [
        "a", "0", "acme", "acme-eu_2", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", String(repeating: "w", count: 63),
    ])
    func `lower-case letters, digits, hyphens and underscores make a name`(text: String) {
        #expect(WorkspaceName(text)?.text == text)
    }

    @Test(arguments: [
        "", "-a", "_a", "A", "acmE", "a b", "a:b", "a{b}", "a*", "a?", "a.b", "a\n", "a\r\nSET x 1", "a\u{0}", "\u{E9}",
        "a\u{301}", "a\"", String(repeating: "w", count: 64),
    ])
    func `nothing else does`(text: String) {
        #expect(WorkspaceName(text) == nil)
    }
}
