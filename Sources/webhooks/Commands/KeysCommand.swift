import ArgumentParser
import WebhookModel
import WebhookStore

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Creates, lists and revokes API keys.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates a key and prints its token, once: Redis holds only its SHA-256.",
            discussion: Setting.helpText(for: .tools))

        @Option(help: "The workspace: [a-z0-9][a-z0-9_-]{0,62}. One that does not exist is made.")
        var workspace: String
        @Option(help: "What the key is for; shown by `keys list`.")
        var name: String
        @Option(help: "webhooks, events, read, comma separated.")
        var scopes = "webhooks,events"
        @Option(help: "When it ends, such as 90d; without, never.")
        var expiresIn: String?
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let workspace = try parseWorkspace(workspace)
            guard (1...100).contains(name.unicodeScalars.count), !name.unicodeScalars.contains(where: \.isControl)
            else {
                throw ValidationError("--name must have 1 to 100 characters and no control characters")
            }
            let scopes: Scope
            do throws(Scope.Problem) {
                scopes = try Scope.parse(self.scopes)
            } catch {
                throw ValidationError("--scopes: \(error)")
            }
            var expiresAt: Int64?
            if let expiresIn {
                do throws(SettingProblem) {
                    let duration = try SettingText.duration(expiresIn, .seconds(1) ... .seconds(3650 * 86_400))
                    expiresAt = now() + duration.milliseconds
                } catch {
                    throw ValidationError("--expires-in \(error)")
                }
            }
            let end = expiresAt
            let token = APIKeyToken.generate()
            try await envFile.configuration().withShard { shard throws(StoreError) in
                try await APIKeyStore(shard).create(
                    token, workspace: workspace, name: name, scopes: scopes, expiresAt: end)
            }
            printOutput(token.exposedText + "\n")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys of a workspace.", discussion: Setting.helpText(for: .tools))

        @Option(help: "The workspace.")
        var workspace: String
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let workspace = try parseWorkspace(workspace)
            let keys = try await envFile.configuration().withShard { shard throws(StoreError) in
                try await APIKeyStore(shard).list(workspace)
            }
            let rows = keys.map { key in
                [
                    key.id, key.name, key.scopes.text, Timestamp.text(key.createdAt),
                    key.expiresAt.map { $0 <= now() ? "expired" : Timestamp.text($0) } ?? "never",
                ]
            }
            printOutput(table(["KEY", "NAME", "SCOPES", "CREATED", "EXPIRES"], rows))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revokes a key: every node refuses it within a second.",
            discussion: Setting.helpText(for: .tools))

        @Argument(help: "The key's id: the part of the token between the underscores, as `keys list` shows it.")
        var key: String
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            guard APIKeyToken.isLookup(key) else {
                throw ValidationError("a key's id has 12 characters of a-z and 0-9")
            }
            try await envFile.configuration().withShard { shard throws(StoreError) in
                try await APIKeyStore(shard).revoke(key)
            }
            printOutput("revoked \(key)\n")
        }
    }
}

func parseWorkspace(_ text: String) throws -> WorkspaceName {
    guard let name = WorkspaceName(text) else {
        throw ValidationError(
            "--workspace must be 1 to 63 characters of a-z, 0-9, - and _, the first a letter or digit")
    }
    return name
}

extension Unicode.Scalar {
    /// C0, DEL and C1.
    var isControl: Bool { value < 0x20 || (0x7f..<0xa0).contains(value) }
}

/// Rows under their titles, in columns.
func table(_ titles: [String], _ rows: [[String]]) -> String {
    let all = [titles] + rows
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
        }
        return cells.joined(separator: "  ") + "\n"
    }.joined()
}
