import FoundationEssentials
import Testing

@testable import webhooks

/// The root of the package, found from this file.
private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

private func text(_ path: String) throws -> String {
    try String(contentsOf: URL(filePath: "\(root)/\(path)"), encoding: .utf8)
}

@Suite struct `What is written about the settings` {
    @Test func `the README holds the table of settings as it is`() throws {
        let readme = try text("README.md")
        let begin = try #require(readme.firstRange(of: "<!-- settings: begin -->\n"))
        let end = try #require(readme.firstRange(of: "<!-- settings: end -->"))
        #expect(readme[begin.upperBound..<end.lowerBound] == Setting.markdown)
    }

    @Test func `the help of a command names every setting it reads, and where each secret's file is named`() {
        for use in [SettingUse.api, .delivery, .tools, .doctor] {
            let help = Setting.helpText(for: use)
            for setting in Setting.table {
                let named = help.contains("  \(setting.name) ") || help.contains("  \(setting.name)\n")
                #expect(named == setting.isUsed(by: use), "\(setting.name)")
                if setting.isSecret && setting.isUsed(by: use) { #expect(help.contains(setting.fileName)) }
            }
        }
    }

    @Test func `the table has every setting that the code names, each once`() {
        #expect(Set(Setting.table.map(\.name)).count == Setting.table.count)
        for setting in Setting.table { #expect(SettingUse(rawValue: setting.uses) != []) }
    }

    @Test func `every WEBHOOKS_ name in the documentation and in the deployment files is a setting`() throws {
        let known = Set(Setting.table.flatMap { [$0.name] + ($0.isSecret ? [$0.fileName] : []) })
        var files = 0
        for folder in ["README.md", "docs", "deploy", "scripts"] {
            for path in try paths(under: folder) {
                files += 1
                for name in names(in: try text(path)) {
                    #expect(known.contains(name), "\(name) in \(path)")
                }
            }
        }
        #expect(files > 10)
    }

    /// Texts of at most a megabyte.
    private func paths(under path: String) throws -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory), isDirectory else {
            return [path]
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")
        return try names.filter { $0 != "secrets" && $0 != "__pycache__" }.flatMap { try paths(under: "\(path)/\($0)") }
            .filter { !$0.hasSuffix(".png") }
    }

    private func names(in text: String) -> Set<String> {
        var names: Set<String> = []
        var rest = text[...]
        while let start = rest.firstRange(of: Setting.namePrefix) {
            let name = rest[start.lowerBound...].prefix { $0 == "_" || ($0.isASCII && ($0.isUppercase || $0.isNumber)) }
            rest = rest[name.endIndex...]
            // The prefix alone stands for all of them.
            if name != Setting.namePrefix { names.insert(String(name)) }
        }
        return names
    }
}
