import RedisClient
import WebhookModel
import WebhookStore

/// A look of `webhooks top` in words.
enum TopText {
    enum Form: Sendable {
        case table
        case line
        case json
    }

    static func text(_ look: TopLook, _ form: Form) -> String {
        switch form {
        case .table: "\u{1b}[H\u{1b}[2J" + screen(look)
        case .line: line(look)
        case .json: json(look)
        }
    }

    private static func line(_ look: TopLook) -> String {
        let survey = look.survey
        return "\(Timestamp.text(survey.now)) accepted \(tenths(look.acceptedRate))/s delivered "
            + "\(tenths(look.deliveredRate))/s failed \(tenths(look.failedRate))/s open \(survey.openItems) "
            + "in-flight \(survey.claimed) retries \(survey.retries) dead \(survey.deadLetters) oldest "
            + "\(age(survey.oldestWaitingAge)) failing \(survey.openEndpoints + survey.halfOpenEndpoints) "
            + "nodes \(survey.livingLanes) redis \(memory(look))\n"
    }

    static func screen(_ look: TopLook) -> String {
        let survey = look.survey
        var text = "Dalil Webhooks  \(Timestamp.text(survey.now))\n\n"
        text += table(
            ["ACCEPTED", "DELIVERED", "FAILED", "OPEN", "IN FLIGHT", "RETRIES", "DEAD", "OLDEST", "REDIS"],
            [
                [
                    "\(tenths(look.acceptedRate))/s", "\(tenths(look.deliveredRate))/s",
                    "\(tenths(look.failedRate))/s", "\(survey.openItems)", "\(survey.claimed)",
                    "\(survey.retries)", "\(survey.deadLetters)", age(survey.oldestWaitingAge), memory(look),
                ]
            ])
        text += "\n" + nodes(look.nodes) + "\n"
        if !look.workspaces.isEmpty {
            text += table(["WORKSPACE", "OPEN"], look.workspaces.map { [$0.workspace, "\($0.openItems)"] }) + "\n"
        }
        text += look.endpoints.isEmpty ? "no endpoint is failing\n" : endpoints(look.endpoints)
        return text
    }

    private static func nodes(_ nodes: [LivingNode]) -> String {
        if nodes.isEmpty { return "no delivery node lives\n" }
        return table(
            ["NODE", "PID", "VERSION", "HOLDS", "LEASE"],
            nodes.map { node in
                let lease = node.isAbandoned ? "given up" : node.leaseLeft < 0 ? "run out" : age(node.leaseLeft)
                return [node.host, node.processID, node.version, "\(node.held)", lease]
            })
    }

    static func endpoints(_ reports: [EndpointReport]) -> String {
        table(
            ["WEBHOOK", "WORKSPACE", "STATE", "FAILURES", "LAST ERROR", "NEXT PROBE", "WAITING", "DEAD"],
            reports.map { report in
                [
                    "\(report.webhook)", report.workspace, report.state.rawValue, "\(report.consecutiveFailures)",
                    report.lastError ?? "-", report.nextProbeAt.map { Timestamp.text($0) } ?? "-",
                    "\(report.waiting)", "\(report.deadLetters)",
                ]
            })
    }

    private static func json(_ look: TopLook) -> String {
        let survey = look.survey
        var writer = JSONWriter()
        writer.object { root in
            root.member("at", time: survey.now)
            for (key, rate) in [
                ("acceptedPerSecond" as StaticString, look.acceptedRate),
                ("deliveredPerSecond", look.deliveredRate), ("failedPerSecond", look.failedRate),
            ] {
                root.key(key)
                root.raw(tenths(rate).utf8)
            }
            root.member("openItems", survey.openItems)
            root.member("waitingEvents", survey.waitingEvents)
            root.member("inFlight", survey.claimed)
            root.member("retries", survey.retries)
            root.member("deadLetters", survey.deadLetters)
            root.member("oldestWaitingMs", survey.oldestWaitingAge)
            root.member("redisMemoryBytes", look.redis.usedMemory)
            root.member("redisMemoryLimitBytes", look.redis.memoryLimit)
            root.array("nodes") { list in
                for node in look.nodes { list.object { write(node, to: &$0) } }
            }
            root.array("workspaces") { list in
                for (name, items) in look.workspaces {
                    list.object {
                        $0.member("workspace", name)
                        $0.member("openItems", items)
                    }
                }
            }
            root.array("endpoints") { list in
                for report in look.endpoints { list.object { write(report, to: &$0) } }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private static func write(_ node: LivingNode, to writer: inout JSONWriter) {
        writer.member("lane", node.lane)
        writer.member("host", node.host)
        writer.member("pid", node.processID)
        writer.member("version", node.version)
        writer.member("holds", node.held)
        writer.member("leaseLeftMs", node.leaseLeft)
        writer.member("isAbandoned", node.isAbandoned)
    }

    static func write(_ report: EndpointReport, to writer: inout JSONWriter) {
        writer.member("webhookId", report.webhook.uuid)
        writer.member("workspace", report.workspace)
        writer.member("state", report.state.rawValue)
        writer.member("consecutiveFailures", report.consecutiveFailures)
        writer.member("lastError", report.lastError)
        writer.member("lastFailureAt", time: report.lastFailureAt)
        writer.member("lastSuccessAt", time: report.lastSuccessAt)
        writer.member("nextProbeAt", time: report.nextProbeAt)
        writer.member("inFlight", report.inFlight)
        writer.member("waiting", report.waiting)
        writer.member("deadLetters", report.deadLetters)
    }

    // MARK: Numbers

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func age(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "-" }
        let seconds = milliseconds / 1000
        return seconds < 120 ? "\(tenths(Double(milliseconds) / 1000))s" : "\(seconds / 60)m"
    }

    private static func memory(_ look: TopLook) -> String {
        let used = "\(tenths(Double(look.redis.usedMemory) / 1_048_576)) MiB"
        guard look.redis.memoryLimit > 0 else { return used }
        return "\(used) (\(Int(look.redis.memoryShare * 100)) %)"
    }
}
