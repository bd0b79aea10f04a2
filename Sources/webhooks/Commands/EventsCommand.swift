import ArgumentParser
import WebhookModel
import WebhookStore

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Shows what became of an event.", subcommands: [Trace.self])

    struct Trace: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds an event: where it waits, and the attempts that are still listed. Only reads.",
            discussion: """
                The lists hold the last 100 attempts of each webhook: all failed ones, of the successes at most one a second. \
                Exit status 1 when nothing is known of the event.

                \(Setting.helpText(for: .tools))
                """)

        @Argument(help: "The event's id.", transform: ArgumentText.event)
        var event: EventID
        @Option(help: "Its workspace: needed once the event is not stored any more.", transform: ArgumentText.workspace)
        var workspace: WorkspaceName?
        @Flag(help: "One JSON object.")
        var json = false
        @OptionGroup var envFile: EnvFileOption

        func run() async throws {
            let trace = try await envFile.configuration().withShard { shard throws(StoreError) in
                try await EventTracer(shard).trace(event, workspace: workspace)
            }
            printOutput(json ? Self.json(trace) : Self.text(trace))
            if trace.stage == .gone && trace.deliveries.isEmpty { throw ExitCode.failure }
        }

        // MARK: Words

        private static func text(_ trace: EventTrace) -> String {
            var text = "event \(trace.event), accepted \(Timestamp.text(trace.event.uuid.milliseconds))\n"
            if let workspace = trace.workspace { text += "workspace \(workspace)\n" }
            text += stage(trace) + "\n"
            for delivery in trace.deliveries {
                text += "\nwebhook \(delivery.webhook): \(place(delivery.place))\n"
                for line in delivery.attempts { text += "  \(line)\n" }
            }
            return text
        }

        private static func stage(_ trace: EventTrace) -> String {
            switch trace.stage {
            case .waiting(let before):
                before.map { "waits for its fan-out, \($0) events of its workspace before it" }
                    ?? "waits for its fan-out behind many events of its workspace"
            case .claimed(let lane): "in fan-out on lane \(lane)"
            case .suspect: "met two dead nodes before its fan-out and is tried alone"
            case .poisoned: "given up before its fan-out: it killed every node that tried it, or its body is missing"
            case .fannedOut: "fanned out; \(trace.references ?? 0) deliveries are open or dead letters"
            case .gone where trace.workspace == nil:
                "not stored: unknown, or final everywhere; with --workspace the lists of attempts are searched"
            case .gone: "not stored any more: every delivery is final"
            }
        }

        private static func place(_ place: EventTrace.Delivery.Place) -> String {
            switch place {
            case .claimed(let lane): "on lane \(lane), sent now or soon"
            case .queue(let place): "waits in the queue of the endpoint, place \(place)"
            case .perhapsInQueue(let length): "perhaps deep in the queue of \(length)"
            case .retry(let time): "waits for its next attempt at \(Timestamp.text(time))"
            case .suspect: "met two dead nodes and is tried alone"
            case .dead(let time): "dead letter since \(Timestamp.text(time))"
            case .none: "final"
            }
        }

        private static func json(_ trace: EventTrace) -> String {
            var writer = JSONWriter()
            writer.object { root in
                root.member("eventId", trace.event.uuid)
                root.member("workspace", trace.workspace?.text)
                root.member("acceptedAt", time: trace.event.uuid.milliseconds)
                root.member("stage", name(trace.stage))
                root.member("references", trace.references)
                root.array("deliveries") { list in
                    for delivery in trace.deliveries { list.object { write(delivery, to: &$0) } }
                }
            }
            return String(decoding: writer.bytes, as: UTF8.self) + "\n"
        }

        private static func write(_ delivery: EventTrace.Delivery, to writer: inout JSONWriter) {
            writer.member("webhookId", delivery.webhook.uuid)
            switch delivery.place {
            case .claimed(let lane):
                writer.member("place", "claimed")
                writer.member("lane", lane)
            case .queue(let place):
                writer.member("place", "queue")
                writer.member("position", Int64(place))
            case .perhapsInQueue(let length):
                writer.member("place", "perhapsQueue")
                writer.member("queueLength", Int64(length))
            case .retry(let time):
                writer.member("place", "retry")
                writer.member("dueAt", time: time)
            case .suspect: writer.member("place", "suspect")
            case .dead(let time):
                writer.member("place", "dead")
                writer.member("diedAt", time: time)
            case .none: writer.member("place", "final")
            }
            writer.array("attempts") { list in
                for line in delivery.attempts { list.raw(line.utf8) }
            }
        }

        private static func name(_ stage: EventTrace.Stage) -> String {
            switch stage {
            case .waiting: "waiting"
            case .claimed: "claimed"
            case .suspect: "suspect"
            case .poisoned: "poisoned"
            case .fannedOut: "fannedOut"
            case .gone: "gone"
            }
        }
    }
}
