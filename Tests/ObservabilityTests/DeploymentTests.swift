import FoundationEssentials
import TestSupport
import Testing

@testable import Observability

/// The root of the package, found from this file.
private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

private func text(_ path: String) throws -> String {
    try String(contentsOf: URL(filePath: "\(root)/\(path)"), encoding: .utf8)
}

@Suite(.timeLimit(.minutes(1)))
struct `Alerts, dashboard and the guide for operators` {
    private func promtool(_ arguments: String...) async throws -> (status: Int32, output: String) {
        let directory = try TemporaryDirectory()
        let process = try ChildProcess("promtool", arguments, directory: directory.path, name: "promtool")
        let status = try await process.exitStatus()
        return (status, process.output + process.errorOutput)
    }

    private func alertNames() throws -> Set<String> {
        Set(try text("deploy/observability/alerts.yml").matches(of: /alert: (\w+)/).map { String($0.output.1) })
    }

    @Test func `every alert fires when it must and stays quiet when it must not`() async throws {
        let checked = try await promtool("check", "config", "\(root)/deploy/observability/prometheus.yml")
        #expect(checked.status == 0, "\(checked.output)")
        let tested = try await promtool("test", "rules", "\(root)/deploy/observability/alerts.test.yml")
        #expect(tested.status == 0, "\(tested.output)")
        let cases = try text("deploy/observability/alerts.test.yml")
        for name in try alertNames() {
            #expect(cases.contains("name: \(name) fires") && cases.contains("name: \(name) stays quiet"), "\(name)")
        }
    }

    @Test func `a rule that is broken fails its test`() async throws {
        let directory = try TemporaryDirectory()
        let rules = try text("deploy/observability/alerts.yml")
        let broken = rules.replacing("oldest_waiting_age_seconds) > 60", with: "oldest_waiting_age_seconds) > 6000")
        #expect(broken != rules)
        try Data(broken.utf8).write(to: URL(filePath: "\(directory.path)/alerts.yml"))
        try Data(text("deploy/observability/alerts.test.yml").utf8)
            .write(to: URL(filePath: "\(directory.path)/alerts.test.yml"))
        #expect(try await promtool("test", "rules", "\(directory.path)/alerts.test.yml").status != 0)
    }

    @Test func `every metric that alerts and dashboard name is one of the catalog`() throws {
        let known = Set(
            MetricCatalog.families.flatMap { family -> [String] in
                guard case .histogram = family.kind else { return [family.name] }
                return ["_bucket", "_sum", "_count"].map { family.name + $0 }
            })
        for path in ["alerts.yml", "alerts.test.yml", "dashboard.json"] {
            let page = try text("deploy/observability/\(path)")
            let names = Set(page.matches(of: /\b(webhooks_[a-z_]+|process_[a-z_]+)\b/).map { String($0.output.1) })
            #expect(names.count > 10)
            #expect(names.subtracting(known) == [], "\(path)")
        }
    }

    @Test func `every alert says what to do, there and in the guide`() throws {
        let guide = try text("docs/operations.md")
        let rules = try text("deploy/observability/alerts.yml")
        let names = try alertNames()
        #expect(names.count == 15)
        for name in names { #expect(guide.contains("| `\(name)` |"), "\(name)") }
        #expect(rules.matches(of: #/action: /#).count == names.count)
        #expect(rules.matches(of: #/summary: /#).count == names.count)
    }

    @Test func `every log event above debug stands in the guide, and no other`() throws {
        let guide = try text("docs/operations.md")
        let section = try #require(guide.split(separator: "## Log events").last?.split(separator: "\n## ").first)
        let told = Set(section.matches(of: /(?m)^\| `([^`]+)` \| [a-z]+ \|/).map { String($0.output.1) })
        var said: Set<String> = []
        let pattern = /logger\.(?:info|notice|warning|error|critical|log)\(\s*(?:level:[^,]*,\s*)?"([^"\\]+)"/
        for path in try swiftFiles(under: "Sources") {
            for match in try text(path).matches(of: pattern) { said.insert(String(match.output.1)) }
        }
        #expect(said.count > 20)
        #expect(said.subtracting(told) == [], "not in docs/operations.md")
        #expect(told.subtracting(said) == [], "in docs/operations.md alone")
    }

    private func swiftFiles(under path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)").flatMap { name -> [String] in
            let whole = "\(path)/\(name)"
            if name.hasSuffix(".swift") { return [whole] }
            return name.contains(".") ? [] : try swiftFiles(under: whole)
        }
    }
}
