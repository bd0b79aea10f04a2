import FleetSupport
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient
package import TestSupport
import WebhookModel
import WebhookStore

/// Consumers that break the rules on purpose: a harness that finds nothing lost with them proves nothing.
package struct BrokenConsumer: Sendable {
    package enum Fault: Sendable {
        /// Takes events off their list with nothing that remembers them.
        case plainPop
        /// Goes on with its lane after a claim whose reply it did not read.
        case laneKeptAfterError
    }

    private let fault: Fault
    private let workspace: WorkspaceName
    private let receiver: TestReceiver
    private let subscriber: (id: WebhookID, path: String)
    private let client: RedisClient

    package init(
        _ fault: Fault, redis: String, workspace: String, webhook: String, path: String, receiver: TestReceiver
    ) throws {
        guard let name = WorkspaceName(workspace), let id = WebhookID(webhook) else {
            throw ChildProcess.Failure(description: "\(workspace) \(webhook)")
        }
        self.fault = fault
        self.workspace = name
        self.receiver = receiver
        subscriber = (id, path)
        var configuration = try RedisConfiguration(url: redis)
        configuration.commandTimeout = .milliseconds(300)
        client = RedisClient(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "broken") { _ in SwiftLogNoOpLogHandler() }, patience: .seconds(5))
    }

    /// Works until the task is cancelled, which is its death.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            let client = client
            group.addTask { await client.run() }
            switch fault {
            case .plainPop: await popping()
            case .laneKeptAfterError: await keepingItsLane()
            }
            group.cancelAll()
        }
    }

    private func popping() async {
        let list = StoreKeys.shard0.events(workspace)
        while !Task.isCancelled {
            guard let popped = try? await client.execute(RedisCommand("LPOP", list, "10")).array(), !popped.isEmpty
            else {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            for value in popped {
                guard !Task.isCancelled, let event = try? value.text() else { return }
                await send(event)
            }
        }
    }

    private func keepingItsLane() async {
        let lane = LaneStore(Shard(client), lane: "broken-\(UInt64.random(in: 0 ... .max))")
        _ = try? await lane.open(lease: .seconds(5), facts: [])
        while !Task.isCancelled {
            do {
                _ = try await lane.tick(lease: .seconds(5))
                let events = try await lane.claimEvents(count: 10, bytes: 1 << 20).events
                for event in events {
                    let chunk = FanOutChunk(
                        token: event.token, expectedCursor: nil, newCursor: subscriber.id, isLast: true,
                        webhooks: [subscriber.id])
                    _ = try await lane.fanOut([chunk], room: 0)
                }
                let claimed = try await lane.claimDeliveries(
                    count: 10, slow: 10, quantum: 10, bytes: 1 << 20, full: [])
                for delivery in claimed.deliveries {
                    await send("\(delivery.token.event)")
                    _ = try await lane.finish([FinishedToken(.delivery(delivery.token), .delivered)], lane: lane.lane)
                }
                if events.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            } catch {
                // The fault: as if nothing had happened.
                continue
            }
        }
    }

    private func send(_ event: String) async {
        let http = HTTPTestClient(port: receiver.port)
        _ = try? await http.send(.POST, subscriber.path, headers: ["webhook-id": event], json: "{}")
        await http.close()
    }
}
