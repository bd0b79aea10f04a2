package import Logging
package import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

/// Claims events and deliveries, matches, sends and records: all that a delivery node does, on one event loop.
///
/// The actor is pinned to the event loop that also carries its Redis connections and its HTTP sender, so what happens to
/// one delivery is plain function calls within a turn of the loop. A few tasks live as long as the node (or as long as one
/// lane) and do one thing each; they work on batches.
package actor DeliveryEngine {
    package nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let configuration: DeliveryConfiguration
    let logger: Logger
    /// What this node is ready for; read by the health listener.
    package nonisolated let readiness: Readiness
    let metrics: DeliveryMetrics
    let sender: HTTPSender
    private nonisolated let senderGauges: SenderGauges
    let encoder: RequestEncoder
    /// Loads and pages: its loss does not end the lane.
    let pages: RedisClient
    let feed: SubscriptionFeed
    /// Waits that block.
    let waits: RedisClient

    // Subscriptions
    let cache: SubscriptionCache
    var loads: [WorkspaceSubscriptions] = []
    let subscriptionSignal: Signal
    /// When the newest question was sent whose answer has a version.
    var lastVersionAsked = MonotonicTime.distantPast
    var subscriptionBackoff = Backoff(first: 50, limit: 1000)

    // What the node holds
    var slots: SlotAccount
    var shares = WorkspaceShares()
    var flights = FlightTable()
    /// Tokens whose workspace is up to date and that wait for a gate.
    var gated: [Int] = []
    /// Tokens whose attempt found no descriptor, port or memory; tried again once a second.
    var starved: [Int] = []
    /// Tokens whose webhook Redis has an endpoint for but does not name; given back once a second.
    var strangers: [Int] = []
    /// When a line last said that a secret cannot be read.
    var unreadableSecretTold = MonotonicTime.distantPast
    /// The webhooks of tokens that were given back in this second because the webhook is not there.
    var missingWebhooks: Set<WebhookID> = []
    var fanOuts: [FanOutJob] = []
    /// Events in fan-out, those that wait for a load too.
    var eventsHeld = 0
    var suspect: Suspect?

    // The lane
    var session: LaneSession?
    var lane: Lane?
    var lostLanes: [Lane] = []
    var leaseGate: LeaseGate
    /// Commands on the lane's connection without a reply.
    var callsInFlight = 0
    var claimsInFlight = 0
    let claimSignal: Signal
    let fanOutSignal: Signal
    let finishSignal: Signal
    let tickSignal: Signal
    let sessionEndSignal: Signal
    let wakeSignal: Signal
    var work = WorkHints()
    var claimPause = Backoff(first: 50, limit: 1000)
    var claimsPausedUntil = MonotonicTime.distantPast
    var lastClaimAnswered = MonotonicTime.distantPast
    var isRedisAway = false

    // What people are told
    var facts: RedisServerFacts?
    let factsSignal: Signal
    var toldThatRedisIsAway = false
    var lastRedisError = ""
    /// Since it was told last.
    var lanesLost = 0
    var tokensLost = 0

    // The end
    var stop = StopState.running
    var isOver = false
    /// Whether attempts were cut off because the time to stop was over.
    var isCutOff = false

    /// What the node holds of the list of suspects: one at a time.
    enum Suspect {
        case event(FanOutJob)
        case delivery(slot: Int)
    }

    enum StopState {
        case running
        /// Nothing new is claimed; what runs may end until then.
        case draining(until: MonotonicTime)
    }

    package init(
        configuration: DeliveryConfiguration, eventLoop: any EventLoop, logger: Logger
    ) throws(HTTPSenderConfiguration.Refused) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        self.logger = logger
        readiness = Readiness(limit: Milliseconds(configuration.lease) / 3)
        metrics = DeliveryMetrics(factory: configuration.metrics)
        sender = try HTTPSender(configuration: configuration.sender, eventLoop: eventLoop)
        senderGauges = sender.gauges
        encoder = RequestEncoder()
        // The engine tells of Redis going and coming once for all its connections.
        var quiet = logger
        quiet.logLevel = .error
        pages = RedisClient(configuration.redis, on: eventLoop, logger: quiet)
        waits = RedisClient(configuration.redis, on: eventLoop, logger: quiet)
        feed = SubscriptionFeed(Shard(pages, limits: configuration.limits, secrets: configuration.secrets))
        cache = SubscriptionCache(maximumWebhooks: configuration.maximumCachedWebhooks)
        slots = SlotAccount(capacity: configuration.maximumInFlight, byteCapacity: configuration.maximumBodyBytes)
        leaseGate = LeaseGate(
            lease: Milliseconds(configuration.lease), attemptTimeout: Milliseconds(configuration.attemptTimeout))
        subscriptionSignal = Signal(eventLoop: eventLoop)
        claimSignal = Signal(eventLoop: eventLoop)
        fanOutSignal = Signal(eventLoop: eventLoop)
        finishSignal = Signal(eventLoop: eventLoop)
        tickSignal = Signal(eventLoop: eventLoop)
        sessionEndSignal = Signal(eventLoop: eventLoop)
        wakeSignal = Signal(eventLoop: eventLoop)
        factsSignal = Signal(eventLoop: eventLoop)
    }

    /// Works until ``beginStop()`` has been carried out, or until the task is cancelled: then everything is dropped as it
    /// is, as if the process had died.
    package func run() async {
        sender.observer = self
        let sweep = startSweep()
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                let keepPages = pages
                let keepWaits = waits
                group.addTask(name: "redis-pages") { await keepPages.run() }
                group.addTask(name: "redis-waits") { await keepWaits.run() }
                group.addTask(name: "subscriptions") { await self.keepSubscriptions() }
                group.addTask(name: "wake") { await self.waitForWakes() }
                group.addTask(name: "redis-facts") { await self.watchRedis() }
                await holdLanes()
                isOver = true
                subscriptionSignal.set()
                wakeSignal.set()
                factsSignal.set()
                // The blocking wait and the two clients end by cancellation alone.
                group.cancelAll()
            }
        } onCancel: {
            eventLoop.execute { self.assumeIsolated { $0.abort() } }
        }
        sweep.cancel()
        readiness.stopping()
        await closeSender()
    }

    /// Stops claiming, lets running attempts end and gives back what has not started; ``run()`` returns when that is done
    /// or its time is over.
    package nonisolated func beginStop() {
        eventLoop.execute { self.assumeIsolated { $0.drain() } }
    }

    /// Commands sent to Redis since the start over the connections that are open now.
    package func commandsSent() async -> Int {
        let laneCommands = await session?.connection.commandsSent ?? 0
        return await laneCommands + pages.commandsSent() + waits.commandsSent()
    }

    /// What the node is doing at the moment.
    package nonisolated var gauges: DeliveryGauges {
        DeliveryGauges(
            attemptsInFlight: senderGauges.attemptsInFlight, maximumInFlight: configuration.maximumInFlight,
            attemptsWaitingForHost: senderGauges.attemptsWaitingForHost,
            openConnections: senderGauges.openConnections, connectionsOpened: senderGauges.connectionsOpened,
            hasLane: readiness.now().isReady)
    }

    private func closeSender() async {
        do {
            try await sender.shutdown(abandoningAttempts: true).get()
        } catch {
            logger.error("the HTTP sender did not close", metadata: ["error": "\(error)"])
        }
    }

    /// Everything the engine does once a second and not at an occasion.
    private func startSweep() -> RepeatedTask {
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [weak self] _ in
            self?.assumeIsolated { $0.sweep() }
        }
    }
}
