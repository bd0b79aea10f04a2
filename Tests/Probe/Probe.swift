import WebhookModel

/// Asks the product in bulk, for checks that compare it with programs in other languages: one question a line on standard
/// input, one answer a line on standard output. Not part of the product.
@main
enum Probe {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "address": answer(address)
        case "target": answer(target)
        case "sign": answer(sign)
        default: print("usage: webhooks-probe address|target|sign")
        }
    }

    private static func answer(_ reply: ([Substring]) -> String) {
        while let line = readLine() { print(reply(line.split(separator: " ", omittingEmptySubsequences: false))) }
    }

    /// `<address>`: the verdicts without and with private targets.
    private static func address(_ words: [Substring]) -> String {
        guard words.count == 1, let address = IPAddress(words[0]) else { return "malformed" }
        let verdicts = [false, true].map { AddressPolicy(allowsPrivate: $0).allows(address) ? "allow" : "deny" }
        return verdicts.joined(separator: " ")
    }

    /// `<http 0|1> <private 0|1> <URL in hexadecimal>`: `allow <canonical URL>`, or `deny <problem>`.
    private static func target(_ words: [Substring]) -> String {
        guard words.count == 3, let url = bytes(words[2]) else { return "malformed" }
        do throws(TargetURL.Problem) {
            let policy = TargetPolicy(allowsHTTP: words[0] == "1", allowsPrivate: words[1] == "1")
            return "allow \(try TargetURL(url, policy: policy).canonicalText)"
        } catch {
            return "deny \(error)"
        }
    }

    /// `<secret> <previous secret or -> <milliseconds> <body>`, all but the time in hexadecimal: the header lines of an
    /// attempt, separated by `|`.
    private static func sign(_ words: [Substring]) -> String {
        guard words.count == 4, let key = secret(words[0]), let now = Int64(words[2]), let body = bytes(words[3]) else {
            return "malformed"
        }
        let previous = secret(words[1]).map { Webhook.PreviousSecret(secret: $0, validUntil: .max) }
        let signer = WebhookSigner(secret: key, previous: previous, schemes: [.standard, .twenty])
        var lines: [UInt8] = []
        signer.appendHeaderLines(id: .new(milliseconds: now), now: now, body: body, to: &lines)
        return String(decoding: lines, as: UTF8.self).split(separator: "\r\n").joined(separator: "|")
    }

    private static func secret(_ hexadecimal: Substring) -> Secret? {
        guard hexadecimal != "-", let bytes = bytes(hexadecimal) else { return nil }
        return try? Secret(String(decoding: bytes, as: UTF8.self))
    }

    private static func bytes(_ hexadecimal: Substring) -> [UInt8]? {
        let digits = Array(hexadecimal.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var output: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            output.append(byte)
        }
        return output
    }
}
