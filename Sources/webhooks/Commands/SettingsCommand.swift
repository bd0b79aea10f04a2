import ArgumentParser

/// Prints the table of settings that the README holds.
struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Prints all settings as a Markdown table.", shouldDisplay: false)

    func run() { printOutput(Setting.markdown) }
}
