import ArgumentParser
import Glibc
import WebhookStore

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Looks after the encryption of webhook secrets.",
        subcommands: [Reencrypt.self])

    struct Reencrypt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings every stored secret under the first key: plain ones, and those of older keys.",
            discussion: """
                To change keys: add the new one behind the old on every node, then put it first on every node, run this, \
                and take the old one away. May run beside working nodes, may be stopped at any time and begun again; a \
                webhook that is changed meanwhile keeps its change. Exit status 1 when a secret is left that no key decrypts \
                or that changed meanwhile.

                \(Setting.helpText(for: .secrets))
                """)

        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let configuration = try envFile.configuration()
            guard configuration.secrets.encrypts else {
                printError("\(Setting.encryptionKeys.name) is not set: there is no key to encrypt with")
                throw ExitStatus.configuration
            }
            let showsProgress = isatty(STDERR_FILENO) == 1
            let done = try await configuration.withShard { shard throws(StoreError) in
                try await SecretReencryption(shard).run { progress in
                    if showsProgress {
                        Self.show("\(progress.webhooks) webhooks, \(progress.replaced) secrets encrypted")
                    }
                }
            }
            if showsProgress { Self.show("") }
            printOutput("\(done.webhooks) webhooks, \(done.replaced) secrets encrypted with the first key\n")
            if done.changed > 0 { printError("\(done.changed) secrets changed meanwhile: run this again") }
            if done.unreadable > 0 {
                printError("\(done.unreadable) webhooks have a secret that none of the keys decrypts")
            }
            if done.changed + done.unreadable > 0 { throw ExitCode.failure }
        }

        /// Over the line before it.
        private static func show(_ text: String) {
            let bytes = Array("\r\u{1b}[K\(text)".utf8)
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }
}
