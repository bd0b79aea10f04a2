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

        @Option(
            help: "The workspace: [a-z0-9][a-z0-9_-]{0,62}. One that does not exist is made.",
            transform: ArgumentText.workspace)
        var workspace: WorkspaceName
        @Option(help: "What the key is for; shown by `keys list`.", transform: ArgumentText.keyName)
        var name: String
        @Option(help: "webhooks, events, read, comma separated.", transform: ArgumentText.scopes)
        var scopes: Scope = [.webhooks, .events]
        @Option(help: "When it ends, such as 90d; without, never.", transform: ArgumentText.life)
        var expiresIn: Duration?
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let expiresAt = expiresIn.map { now() + $0.milliseconds }
            let token = APIKeyToken.generate()
            try await envFile.configuration().withShard { shard throws(StoreError) in
                try await APIKeyStore(shard).create(
                    token, workspace: workspace, name: name, scopes: scopes, expiresAt: expiresAt)
            }
            printOutput(token.exposedText + "\n")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys of a workspace.", discussion: Setting.helpText(for: .tools))

        @Option(help: "The workspace.", transform: ArgumentText.workspace)
        var workspace: WorkspaceName
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let keys = try await envFile.configuration().withShard { shard throws(StoreError) in
                try await APIKeyStore(shard).list(workspace)
            }
            if keys.isEmpty { printError("workspace \(workspace) has no keys") }
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

        @Argument(
            help: "The key's id: the part of the token between the underscores, as `keys list` shows it.",
            transform: ArgumentText.keyID)
        var key: String
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            try await envFile.configuration().withShard(missing: "there is no key \(key)") { shard throws(StoreError) in
                try await APIKeyStore(shard).revoke(key)
            }
            printOutput("revoked \(key)\n")
        }
    }
}
