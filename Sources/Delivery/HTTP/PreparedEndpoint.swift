/// What all requests to one version of a webhook have in common, worked out once.
package final class PreparedEndpoint: Sendable {
    // init(workspace: WorkspaceName, target: TargetURL, userAgent: String)
}
