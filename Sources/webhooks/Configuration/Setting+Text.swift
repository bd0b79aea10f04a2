extension Setting {
    /// The settings of a command for its `--help`.
    ///
    /// - Parameter left: What the command decides itself.
    static func helpText(for use: SettingUse, except left: Set<Setting> = []) -> String {
        let rows = table.filter { $0.isUsed(by: use) && !left.contains($0) }
        let entries = rows.map { setting in
            let names = setting.isSecret ? "\(setting.name) or \(setting.fileName)" : setting.name
            let defaultText = setting.defaultText.isEmpty ? "" : " [\(setting.defaultText)]"
            return ([names] + wrapped(setting.help + defaultText, width: 72).map { "    \($0)" })
                .map { "  \($0)" }.joined(separator: "\n")
        }
        return "SETTINGS: environment variables, or NAME=value lines of --env-file. [default]\n"
            + entries.joined(separator: "\n")
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// The table of the README.
    static var markdown: String {
        let rows = table.map { setting in
            let uses = [
                setting.isUsed(by: .api) ? "api" : nil, setting.isUsed(by: .delivery) ? "delivery" : nil,
                setting.isUsed(by: .tools) ? "keys, dead, top, endpoints, events" : nil,
                setting.isUsed(by: .doctor) ? "doctor" : nil, setting.isUsed(by: .secrets) ? "secrets" : nil,
            ].compactMap { $0 }.joined(separator: ", ")
            let defaultText = setting.defaultText.isEmpty ? "" : "`\(setting.defaultText)`"
            let file = setting.isSecret ? "; or from the file that `\(setting.fileName)` names" : ""
            return "| `\(setting.name)` | \(defaultText) | \(setting.help)\(file) | \(uses) |"
        }
        return "| Name | Default | Meaning | Read by |\n|---|---|---|---|\n" + rows.joined(separator: "\n") + "\n"
    }
}
