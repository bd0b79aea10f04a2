import Configuration
import FoundationEssentials

/// The texts of all settings, from the environment first and then from `--env-file`.
struct SettingSource: Sendable {
    private let reader: ConfigReader
    private let names: Set<String>

    /// - Parameters:
    ///   - environment: The variables of the process.
    ///   - file: The path of a file of `NAME=value` lines.
    init(environment: [String: String], file: String?) throws(ConfigurationFailure) {
        var providers = [EnvironmentVariablesProvider(environmentVariables: environment)]
        var names = Set(environment.keys)
        if let file {
            let values = try Self.values(inFile: file)
            providers.append(EnvironmentVariablesProvider(environmentVariables: values))
            names.formUnion(values.keys)
        }
        reader = ConfigReader(providers: providers)
        self.names = names.filter { $0.hasPrefix(Setting.namePrefix) }
    }

    private static func values(inFile path: String) throws(ConfigurationFailure) -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationFailure(problems: ["--env-file \(path): cannot be read"])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationFailure(problems: ["--env-file \(path): is not valid UTF-8"])
        }
        let file = EnvFile(text)
        guard file.problems.isEmpty else {
            throw ConfigurationFailure(problems: file.problems.map { "--env-file \(path), \($0)" })
        }
        return file.values
    }

    /// Variables with our prefix that no setting has.
    var unknownNames: [String] {
        let known = Set(Setting.table.flatMap { $0.isSecret ? [$0.name, $0.fileName] : [$0.name] })
        return names.subtracting(known).sorted()
    }

    /// The text of a variable; nil when it is not set. An empty text is a text.
    func text(_ name: String) -> String? {
        let words = name.split(separator: "_").map { $0.lowercased() }
        return reader.string(forKey: ConfigKey(words))
    }
}

/// What is wrong with the configuration, one line each. Never holds a secret.
struct ConfigurationFailure: Error, CustomStringConvertible {
    let problems: [String]
    var description: String { problems.joined(separator: "\n") }
}
