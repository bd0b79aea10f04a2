import Glibc

/// How many descriptors a node may have open: many systems start processes with 1,024, which is less than a busy node's
/// connections.
enum OpenFileLimit {
    /// Enough for every connection that the settings allow by default, four times over.
    static let wanted: rlim_t = 65_536

    /// Raises the soft limit as far as the hard one allows, to ``wanted`` at most; never lowers it.
    ///
    /// - Returns: The limit as it is now; nil when the system does not say.
    @discardableResult
    static func raise() -> rlim_t? {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        let before = limit.rlim_cur
        let raised = min(limit.rlim_max, wanted)
        guard raised > before else { return before }
        limit.rlim_cur = raised
        return setrlimit(resource, &limit) == 0 ? raised : before
    }
}
