import Configuration
import FoundationEssentials
import SystemPackage

/// The texts of all settings, from the environment first and then from `--env-file`.
struct SettingSource: Sendable {
    private let reader: ConfigReader
    private let names: Set<String>

    /// - Parameters:
    ///   - environment: The variables of the process.
    ///   - file: A file of `NAME=value` lines.
    init(environment: [String: String], file: String?) async throws(ConfigurationFailure) {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider(environmentVariables: environment)]
        var names = Set(environment.keys)
        if let file {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw ConfigurationFailure(problems: ["--env-file \(file): cannot be read"])
            }
            do {
                providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(file)))
            } catch {
                throw ConfigurationFailure(problems: ["--env-file \(file): \(error)"])
            }
            names.formUnion(Self.names(in: String(decoding: data, as: UTF8.self)))
        }
        reader = ConfigReader(providers: providers)
        self.names = names.filter { $0.hasPrefix(Setting.namePrefix) }
    }

    private static func names(in text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.drop { $0 == " " || $0 == "\t" }
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
            let name = line[..<equals]
            return String(name.hasPrefix("export ") ? name.dropFirst(7) : name)
        }
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
