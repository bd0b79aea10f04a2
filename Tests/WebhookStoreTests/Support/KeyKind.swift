import WebhookStore

/// The kind of a key as ``StoreKeys/documented`` spells it, of a name without the prefix; the name itself when it is of
/// none.
func keyKind(_ name: String) -> String {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    func matches(_ kind: String) -> Bool {
        let pattern = kind.split(separator: ":", omittingEmptySubsequences: false)
        return pattern.count == parts.count
            && zip(pattern, parts).allSatisfy { $0.hasPrefix("<") ? !$1.isEmpty : $0 == $1 }
    }
    return StoreKeys.documented.first(where: matches) ?? name
}
