/// Settings of the short form: a lease that ends soon.
enum FaultSettings {
    static let quick = ["WEBHOOKS_ATTEMPT_TIMEOUT": "1s", "WEBHOOKS_LEASE": "5s"]
}
