import Logging
import NIOCore
import RedisClient
import WebhookModel
import WebhookStore

// What people are told: endpoints that change their state, and Redis when something is wrong with it.
extension DeliveryEngine {
    /// How often Redis is asked about itself.
    private static let factsInterval: Milliseconds = 5000

    // MARK: Endpoints

    /// One line for each change, by the node whose call made it.
    func tell(of turns: [EndpointTurn]) {
        for turn in turns {
            var metadata: Logger.Metadata = [
                "workspace": "\(turn.workspace)", "webhook": "\(turn.webhook)", "from": "\(turn.from.rawValue)",
                "to": "\(turn.to.rawValue)",
            ]
            if !turn.cause.isEmpty, turn.to != .ok { metadata["cause"] = "\(turn.cause)" }
            let webhook = cache.known(turn.workspace)?.webhooks[turn.webhook]
            if let target = webhook?.destination?.endpoint.target { metadata["target"] = "\(target.logText)" }
            switch turn.to {
            case .open: logger.warning("endpoint fails, its deliveries wait", metadata: metadata)
            case .half: logger.info("endpoint may be probed", metadata: metadata)
            case .ok: logger.notice("endpoint works again", metadata: metadata)
            case .disabled: logger.warning("endpoint fails for good, its webhook is disabled", metadata: metadata)
            }
        }
    }

    // MARK: Redis

    /// Asks Redis about itself as long as the node runs.
    func watchRedis() async {
        while !isOver {
            await factsSignal.wait()
            guard !isOver, session != nil else { continue }
            do throws(RedisError) {
                learn(try await pages.serverFacts())
            } catch {
                logger.debug("cannot ask Redis about itself", metadata: ["reason": "\(error)"])
            }
            factsSignal.set(in: Self.factsInterval)
        }
    }

    /// Warns of what may lose events: at the start, and when it turns that way later.
    private func learn(_ facts: RedisServerFacts) {
        let before = self.facts
        let wasTight = isMemoryTight
        self.facts = facts
        if !facts.isAppendOnly, before?.isAppendOnly != false {
            logger.warning(
                "REDIS KEEPS NOTHING ON DISK: the append-only file is off, a restart of Redis loses every accepted event"
            )
        }
        if facts.evicts, before?.evictionPolicy != facts.evictionPolicy {
            logger.warning(
                "REDIS MAY EVICT EVENTS: its eviction policy is not noeviction",
                metadata: ["policy": "\(facts.evictionPolicy)"])
        }
        if isMemoryTight, !wasTight {
            logger.warning(
                "Redis uses more than 80 % of its memory: attempts are not listed any more",
                metadata: ["used": "\(facts.usedMemory)", "limit": "\(facts.memoryLimit)"])
        } else if !isMemoryTight, wasTight {
            logger.notice("Redis has memory again: attempts are listed")
        }
    }

    private var isMemoryTight: Bool { (facts?.memoryShare ?? 0) > 0.8 }

    /// Whether attempts are written down: not when Redis is short of memory, so that deliveries and events have it.
    var listsAttempts: Bool { !isMemoryTight }

    /// At most one line a second, however fast connections come and go.
    func tellOfRedis() {
        if isRedisAway != toldThatRedisIsAway {
            toldThatRedisIsAway = isRedisAway
            if isRedisAway {
                logger.warning("Redis is away, nothing is sent", metadata: ["reason": "\(lastRedisError)"])
            } else {
                logger.notice("Redis is back")
            }
        } else if !isRedisAway, lanesLost > 0 {
            logger.warning(
                "gave lanes up and opened others", metadata: ["count": "\(lanesLost)", "reason": "\(lastRedisError)"])
        } else if tokensLost > 0 {
            logger.notice("tokens were not on the lane any more", metadata: ["count": "\(tokensLost)"])
            tokensLost = 0
        }
        lanesLost = 0
    }
}
