package import APIClient
package import FleetSupport
import Glibc
import RedisClient
import Synchronization
package import TestSupport
import WebhookModel
import WebhookStore

/// A fleet under load with an oracle behind it, and everything that can be done to it.
package actor FaultStage {
    package nonisolated let fleet: Fleet
    package nonisolated let oracle: DeliveryOracle
    package nonisolated let view: RedisView
    package nonisolated let receivers: [TestReceiver]
    package private(set) var producers: [LoadProducer] = []
    private var load: [Task<Void, any Error>] = []
    private var apis: [Fleet.APINode] = []
    private var deliveries: [Fleet.DeliveryNode] = []
    private var started = 0
    private let ports = Ports()
    private let settings: [String: String]

    /// The API nodes' ports, for producers that run outside of this actor.
    private final class Ports: Sendable {
        private let ports = Mutex<[Int]>([])
        var all: [Int] { ports.withLock { $0 } }
        func set(_ all: [Int]) { ports.withLock { $0 = all } }
    }

    /// Settings of the short form: a lease that ends soon, retries that come soon.
    package static let quick = [
        "WEBHOOKS_ATTEMPT_TIMEOUT": "1s", "WEBHOOKS_LEASE": "5s", "WEBHOOKS_RETRY_DELAYS": "200ms,500ms,1s",
    ]
    /// An append-only file that is on disk before each answer.
    package static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    /// Starts Redis, the receivers and the nodes.
    package init(
        apis: Int = 1, deliveries: Int = 2, receivers: Int = 1, redis options: [String] = [], tcp: Bool = false,
        settings: [String: String] = FaultStage.quick, verifyingEvery: Int = 1
    ) async throws {
        oracle = DeliveryOracle(verifyingEvery: verifyingEvery)
        self.settings = settings
        fleet = try Fleet(redis: try await RedisServer.start(tcp: tcp, options: options), settings: settings)
        view = try await RedisView(fleet.redis)
        var started: [TestReceiver] = []
        for _ in 0..<receivers {
            started.append(try await TestReceiver.start(recording: .nothing, answer: oracle.script))
        }
        self.receivers = started
        for _ in 0..<apis { try await startAPI() }
        for _ in 0..<deliveries { try await startDelivery() }
    }

    // MARK: Nodes

    package func startAPI(settings more: [String: String] = [:]) async throws {
        started += 1
        apis.append(try await fleet.startAPINode("api-\(started)", settings: more))
        ports.set(apis.map(\.port))
    }

    @discardableResult
    package func startDelivery(settings more: [String: String] = [:]) async throws -> Fleet.DeliveryNode {
        started += 1
        let node = try await fleet.startDeliveryNode("delivery-\(started)", settings: more)
        deliveries.append(node)
        return node
    }

    package var api: Fleet.APINode { apis[0] }
    package var deliveryNodes: [Fleet.DeliveryNode] { deliveries }
    package var apiNodes: [Fleet.APINode] { apis }

    /// SIGKILL; the node is not started again.
    package func killAPI(_ index: Int) {
        apis.remove(at: index).process.kill()
        ports.set(apis.map(\.port))
    }

    /// Kills the delivery node with this process id; false when there is none.
    package func killDelivery(pid: Int32) -> Bool {
        guard let index = deliveries.firstIndex(where: { $0.process.pid == pid }) else { return false }
        killDelivery(index)
        return true
    }

    package func killDelivery(_ index: Int) { deliveries.remove(at: index).process.kill() }

    /// SIGTERM, and the exit status.
    package func stopAPI(_ index: Int) async throws -> Int32 {
        let node = apis.remove(at: index)
        ports.set(apis.map(\.port))
        return try await node.process.terminate()
    }

    package func stopDelivery(_ index: Int) async throws -> Int32 {
        try await deliveries.remove(at: index).process.terminate()
    }

    // MARK: Webhooks and load

    package func createProducer(_ workspace: String) async throws -> Producer {
        Producer(workspace: workspace, key: try await fleet.createKey(workspace: workspace))
    }

    /// Registers a webhook whose deliveries the oracle expects.
    @discardableResult
    package func subscribe(
        _ producer: Producer, path: String, operations: [String] = ["*"], receiver: Int = 0, secret: String? = nil
    ) async throws -> Subscriber {
        let http = apis[0].client()
        let id = try await RESTClient(http: http, key: producer.key).register(
            target: receivers[receiver].url(path), operations: operations, secret: secret)
        await http.close()
        let subscriber = Subscriber(
            id: id, workspace: producer.workspace, path: path, secret: secret,
            patterns: operations.compactMap { OperationPattern($0, in: .standard) })
        oracle.watch(subscriber, of: producer)
        return subscriber
    }

    package func client(_ producer: Producer, api index: Int = 0) -> RESTClient {
        RESTClient(http: apis[index].client(), key: producer.key)
    }

    /// Workspaces with webhooks of several patterns each, some signed.
    package func subscribeMany(workspaces: Int = 2, webhooks: Int = 4) async throws -> [Producer] {
        let patterns: [[String]] = [
            ["*"], ["people.*", "person.updated"], ["*.created"], ["company.*", "task.deleted"],
        ]
        var producers: [Producer] = []
        for w in 0..<workspaces {
            let producer = try await createProducer("ws-\(w)")
            producers.append(producer)
            for n in 0..<webhooks {
                try await subscribe(
                    producer, path: "/\(w)/\(n)", operations: patterns[n % patterns.count],
                    receiver: n % receivers.count, secret: n % 2 == 0 ? "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" : nil)
            }
        }
        return producers
    }

    /// A producer whose events count for the balance at the end.
    package func producer(for producer: Producer) -> LoadProducer {
        let ports = ports
        let load = LoadProducer(
            producer, name: "p\(producers.count)", first: producers.count * 1_000_000
        ) { ports.all }
        producers.append(load)
        return load
    }

    /// Posts events without a pause between batches but what `rate` asks for, until ``stopLoad()``.
    package func startLoad(_ list: [Producer], rate: Int, batch: Int = 10) {
        for producer in list {
            let producer = self.producer(for: producer)
            load.append(Task { try await producer.run(rate: rate, batch: batch) })
        }
    }

    /// Ends the load when every event that was begun has been accepted.
    package func stopLoad() async throws {
        let tasks = load
        load = []
        for task in tasks { task.cancel() }
        for task in tasks { try await task.value }
    }

    package var acceptedCount: Int { producers.reduce(0) { $0 + $1.acceptedCount } }

    /// Waits until deliveries go on: so many more POSTs than now.
    package func flowing(_ more: Int = 50, within limit: Duration = .seconds(30)) async throws {
        let before = oracle.delivered
        try await eventually(within: limit, "deliveries going on: \(evidence())") { oracle.delivered >= before + more }
    }

    /// The state of the endpoint of a webhook, by its path.
    package func state(ofEndpointAt path: String) async throws -> String? {
        guard let subscriber = oracle.subscribers.first(where: { $0.path == path }) else { return nil }
        return try await view.execute("HGET", "\(StoreKeys.shard0.prefix)endpoint:\(subscriber.id)", "state")
            .optionalText()
    }

    // MARK: Redis

    /// Every connection but the test's own is closed by Redis.
    package func killConnections() async throws {
        _ = try await view.execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    }

    /// kill -9, a new start on the same append-only file, and its rewrite at once.
    package func killRedis() async throws {
        fleet.redis.kill()
        try await fleet.redis.restart()
        try await rewriteAppendOnlyFile()
    }

    /// As the service's own start-up does after every start of Redis.
    package func rewriteAppendOnlyFile() async throws {
        _ = try await view.execute("BGREWRITEAOF")
        try await eventually(within: .seconds(20), "a rewritten append-only file") {
            let info = try await view.execute("INFO", "persistence").text()
            return info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
        }
    }

    package func snapshot() async throws -> ShardSnapshot {
        try await view.snapshot()
    }

    /// What is broken at this moment.
    package func broken() async throws -> [String] { ShardInvariants(try await snapshot()).broken }

    // MARK: The end

    /// The last lines of each node's log.
    package nonisolated func evidence() -> String {
        "see the nodes' logs in \(fleet.directory.path)"
    }

    package func strike() async throws {
        for task in load { task.cancel() }
        await view.close()
        for receiver in receivers { try await receiver.stop() }
        for node in apis { node.process.kill() }
        for node in deliveries { node.process.kill() }
    }
}
