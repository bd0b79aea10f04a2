import APIClient
import FoundationEssentials
import NIOHTTP1
import TestSupport
import Testing

@testable import HTTPAPI

/// What the lines of docs/openapi.yaml say, as far as the tests need it: its indentation is two spaces a level.
private struct OpenAPILines {
    let text: String

    init() throws {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let data = try #require(FileManager.default.contents(atPath: "/\(path)/docs/openapi.yaml"))
        text = String(decoding: data, as: UTF8.self)
    }

    /// `GET /rest/webhooks` for each operation under `paths`.
    var operations: Set<String> {
        var found: Set<String> = []
        var isInPaths = false
        var path = ""
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" ") { isInPaths = line == "paths:" }
            guard isInPaths, line.hasSuffix(":") else { continue }
            let name = line.drop { $0 == " " }.dropLast()
            switch line.prefix(while: { $0 == " " }).count {
            case 2: path = String(name)
            case 4 where name != "parameters": found.insert("\(name.uppercased()) \(path)")
            default: break
            }
        }
        return found
    }
}

@Suite("The description of the API", .ownNode, .timeLimit(.minutes(1)))
struct DocumentationTests {
    @Test func `it describes every route of the router, and no other`() throws {
        let routed = Set(
            Routing.resources.flatMap { resource in resource.routes.map { "\($0.method) \(resource.path)" } })
        let described = try OpenAPILines().operations
        #expect(described.subtracting(routed).isEmpty, "described, but not there")
        #expect(routed.subtracting(described).isEmpty, "there, but not described")
    }

    @Test func `a node serves docs/openapi.yaml byte for byte, without a key`() async throws {
        let http = HTTPTestClient(port: try OwnNode.current.port)
        let answer = try await http.send(.GET, "/openapi.yaml")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == ["application/yaml"])
        #expect(try answer.text == OpenAPILines().text)
    }

    @Test func `the page shows every operation, message and object of the description`() async throws {
        let http = HTTPTestClient(port: try OwnNode.current.port)
        let answer = try await http.send(.GET, "/docs")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == ["text/html; charset=utf-8"])
        for operation in try OpenAPILines().operations {
            let parts = operation.split(separator: " ")
            let shown = #"<span class="method">\#(parts[0])</span><code>\#(parts[1])</code>"#
            #expect(answer.text.contains(shown), "\(operation)")
        }
        for object in ["NewWebhook", "Webhook", "Event", "AcceptedEvent", "DeliveredEvent", "PageInfo", "Error"] {
            #expect(answer.text.contains(#"id="schema-\#(object)""#), "\(object)")
        }
    }

    @Test func `the page needs nothing from elsewhere, and its policy allows nothing else`() async throws {
        let http = HTTPTestClient(port: try OwnNode.current.port)
        let answer = try await http.send(.GET, "/docs")
        let policy = try #require(answer.headers["content-security-policy"].first)
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(!policy.contains("unsafe"))
        #expect(answer.headers["x-content-type-options"] == ["nosniff"])
        for forbidden in ["<script", "<img", "<link", "<iframe", "src=", "@import", "url(", " style=", " onclick"] {
            #expect(!answer.text.contains(forbidden), "\(forbidden)")
        }
    }
}
