package import Logging
package import NIOCore
import ServiceLifecycle

/// A delivery node as a service: it waits for Redis as long as it takes, works, and stops gracefully.
package struct DeliveryNode: Service {
    private let engine: DeliveryEngine

    /// - Parameter eventLoopGroup: One of its loops carries the node.
    /// - Throws: ``HTTPSenderConfiguration/Refused`` when the configuration cannot be used.
    package init(
        configuration: DeliveryConfiguration, eventLoopGroup: any EventLoopGroup, logger: Logger
    ) throws(HTTPSenderConfiguration.Refused) {
        engine = try DeliveryEngine(configuration: configuration, eventLoop: eventLoopGroup.next(), logger: logger)
    }

    /// Runs until a graceful shutdown is complete, at most the attempt timeout and 5 s after it began. When the task is
    /// cancelled, everything is dropped as if the process had died: other nodes take over after the lease.
    package func run() async {
        await withGracefulShutdownHandler {
            await engine.run()
        } onGracefulShutdown: {
            engine.beginStop()
        }
    }

    /// Whether the node can deliver now, and why not.
    package func readiness() -> (isReady: Bool, reason: String) { engine.readiness.now() }

    /// What the node is doing at the moment; may be asked from anywhere.
    package var gauges: DeliveryGauges { engine.gauges }

    /// The event loop that carries the node.
    package var eventLoop: any EventLoop { engine.eventLoop }
}
