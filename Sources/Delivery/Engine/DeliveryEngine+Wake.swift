import NIOCore
import RedisClient
import WebhookStore

// Waking: a node without work waits on a list that whoever brings work pushes to.
extension DeliveryEngine {
    private static let patience = Duration.seconds(5)

    func waitForWakes() async {
        let keys = StoreKeys.shard0
        let wait = RedisCommand("BLPOP", keys.wake, "\(Self.patience.components.seconds)")
        var backoff = Backoff(first: 50, limit: 1000)
        while !isOver {
            guard mayWait else {
                await wakeSignal.wait()
                continue
            }
            do throws(RedisError) {
                let reply = try await waits.execute(wait, timeout: Self.patience + configuration.redis.commandTimeout)
                backoff.reset()
                guard !reply.isNull else { continue }
                work.somethingWaits()
                claimSignal.set()
            } catch {
                // Ticks find the work meanwhile. A cancelled task ends at the loop's head.
                if !isOver { try? await Task.sleep(for: .milliseconds(backoff.next().count)) }
            }
        }
    }

    /// Only with room, and only when nothing more is to be claimed for what woke it the last time.
    private var mayWait: Bool {
        guard session != nil, case .running = stop else { return false }
        return slots.free > 0 && !work.events && !work.deliveries
    }
}
