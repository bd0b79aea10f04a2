import Histogram
import NIOCore
import NIOHTTP1
import TestSupport

/// From the time an event was to be sent to its receipt, in an open loop, beside a plain route that POSTs on at once.
struct LatencyCases {
    let scale: Int
    let certificates: SinkCertificates

    private var seconds: Int { 5 * scale }

    func run(_ report: inout Report) async throws {
        var table = Report.Table(
            title: "Accept to receipt, milliseconds from the intended time of sending (1 KiB, one webhook)",
            columns: ["case", "p50", "p95", "p99", "p99.9", "max", "received"])
        let half = try await halfOfMaximum()
        for rate in [100, 1000, half] {
            let plain = try await throughPlainRoute(rate: rate)
            let product = try await throughProduct(rate: rate)
            table.rows.append(row("plain route and POST, \(grouped(Double(rate)))/s", plain))
            table.rows.append(row("Dalil Webhooks, \(grouped(Double(rate)))/s", product))
            if rate == half {
                let ratio = Double(product.valueAtPercentile(99)) / Double(max(1, plain.valueAtPercentile(99)))
                table.remarks.append(report.judge("p99 at half load", ratio: ratio, budget: 5))
            }
        }
        report.add(table)
    }

    private func row(_ name: String, _ times: Histogram<UInt64>) -> Report.Row {
        func milliseconds(_ nanoseconds: UInt64) -> String { hundredths(Double(nanoseconds) / 1_000_000) }
        return .init(
            cells: [name] + [50, 95, 99, 99.9].map { milliseconds(times.valueAtPercentile($0)) }
                + [milliseconds(times.max), grouped(Double(times.totalCount))])
    }

    /// Half of the rate that a closed loop of 64 connections reaches while a delivery node drains.
    private func halfOfMaximum() async throws -> Int {
        let stage = try await Stage(certificates: certificates)
        let key = try await stage.createKey(workspace: "bench-0")
        try await Backlog().registerForAll(stage.connection, target: stage.target(secure: false))
        let api = try await stage.startAPINode()
        _ = try stage.startDeliveryNode()
        let loop = try await runPostLoop(
            stage,
            [
                "--port", "\(api.port)", "--path", "/rest/events", "--connections", "64", "--count",
                "\(15_000 * scale)",
                "--key", key,
            ])
        await stage.close()
        return max(1, Int(Double(loop.answered) / loop.seconds / 2))
    }

    private func throughProduct(rate: Int) async throws -> Histogram<UInt64> {
        let stage = try await Stage(certificates: certificates)
        let sink = try await ArrivalSink.start()
        let key = try await stage.createKey(workspace: "bench-0")
        try await Backlog().registerForAll(stage.connection, target: "http://127.0.0.1:\(sink.port)/hook")
        let api = try await stage.startAPINode()
        _ = try stage.startDeliveryNode()
        let times = try await measure(
            sink, port: api.port, rate: rate,
            headers: ["content-type": "application/json", "authorization": "Bearer \(key)"])
        await stage.close()
        return times
    }

    private func throughPlainRoute(rate: Int) async throws -> Histogram<UInt64> {
        let stage = try await Stage(certificates: certificates)
        let sink = try await ArrivalSink.start()
        let port = try freePort()
        let route = try stage.startBench(["route", "--port", "\(port)", "--forward", "\(sink.port)"])
        try await untilListening(port)
        let times = try await measure(sink, port: port, rate: rate, headers: ["content-type": "application/json"])
        route.kill()
        await stage.close()
        return times
    }

    /// A second of warming, then the measured time.
    private func measure(
        _ sink: ArrivalSink, port: Int, rate: Int, headers: HTTPHeaders
    ) async throws -> Histogram<UInt64> {
        let filler = String(repeating: "x", count: 850)
        let loop = OpenLoop(host: "127.0.0.1", port: port, path: "/rest/events", headers: headers)
        let warm = try await loop.run(rate: rate, seconds: 1) { number, _ in
            ByteBuffer(string: #"{"event":"people.updated","record":{"id":"warm-\#(number)","text":"\#(filler)"}}"#)
        }
        let result = try await loop.run(rate: rate, seconds: seconds) { number, intended in
            ByteBuffer(
                string:
                    #"{"event":"people.updated","record":{"id":"r-\#(number)","intended":\#(intended),"text":"\#(filler)"}}"#
            )
        }
        guard result.refused == 0 else {
            throw BenchFailure("\(result.refused) of \(result.sent) refused at \(rate)/s")
        }
        let wanted = warm.accepted + result.accepted
        var received = 0
        try await eventually(within: .seconds(60), "\(wanted) receipts: \(received)") {
            received = try await sink.count()
            return received >= wanted
        }
        let times = try await sink.histogram()
        try await sink.stop()
        return times
    }
}
