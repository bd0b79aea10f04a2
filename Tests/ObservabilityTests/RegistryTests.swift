import CoreMetrics
import Testing

@testable import Observability

@Suite(.timeLimit(.minutes(1)))
struct `The page of metrics` {
    private let families = [
        MetricFamily(
            "jobs_total", .counter, "Jobs.", label: .init(name: "result", values: ["good", "bad"])),
        MetricFamily("wait_seconds", .histogram([0.001, 0.5, 2]), "Waits."),
        MetricFamily("depth", .gauge, "Depth."),
    ]

    @Test func `counters, histograms and gauges are written in Prometheus' text format`() async {
        let registry = PrometheusRegistry(families: families)
        let good = Counter(label: "jobs_total", dimensions: [("result", "good")], factory: registry)
        _ = Counter(label: "jobs_total", dimensions: [("result", "bad")], factory: registry)
        let wait = Timer(label: "wait_seconds", factory: registry)
        registry.collect { [MetricSample("depth", 2.5)] }
        good.increment(by: 3)
        for nanoseconds: Int64 in [1_000_000, 1_000_001, 500_000_000, 3_000_000_000] {
            wait.recordNanoseconds(nanoseconds)
        }
        #expect(
            String(decoding: await registry.text(), as: UTF8.self) == """
                # HELP jobs_total Jobs.
                # TYPE jobs_total counter
                jobs_total{result="good"} 3
                jobs_total{result="bad"} 0
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.001"} 1
                wait_seconds_bucket{le="0.5"} 3
                wait_seconds_bucket{le="2"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 3.502000001
                wait_seconds_count 4
                # HELP depth Depth.
                # TYPE depth gauge
                depth 2.5

                """)
    }

    @Test func `what the catalog does not name becomes no series, nor does another value of a label`() async {
        let registry = PrometheusRegistry(families: families)
        Counter(label: "other_total", factory: registry).increment()
        Counter(label: "jobs_total", dimensions: [("result", "acme")], factory: registry).increment()
        Counter(label: "jobs_total", dimensions: [("workspace", "good")], factory: registry).increment()
        Counter(label: "jobs_total", factory: registry).increment()
        Timer(label: "jobs_total", dimensions: [("result", "good")], factory: registry).recordSeconds(1)
        registry.collect { [MetricSample("depth", 1, label: "x"), MetricSample("secret", 1)] }
        let text = String(decoding: await registry.text(), as: UTF8.self)
        #expect(!text.contains("other_total") && !text.contains("acme") && !text.contains("secret"))
        #expect(!text.contains("} 1") && !text.contains("depth 1"))
    }

    @Test func `a counter that is asked for twice is one series`() async {
        let registry = PrometheusRegistry(families: families)
        for _ in 0..<2 {
            Counter(label: "jobs_total", dimensions: [("result", "bad")], factory: registry).increment()
        }
        #expect(String(decoding: await registry.text(), as: UTF8.self).contains("jobs_total{result=\"bad\"} 2\n"))
    }

    @Test func `the catalog follows the conventions and has under 500 series in all`() {
        let families = MetricCatalog.families
        #expect(families.reduce(0) { $0 + $1.seriesCount } < 500)
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(family.kind == .counter ? family.name.hasSuffix("_total") : !family.name.hasSuffix("_total"))
            #expect(family.help.hasSuffix(".") && !family.help.contains("\n"))
            if case .histogram(let bounds) = family.kind {
                #expect(family.name.hasSuffix("_seconds") && bounds == bounds.sorted())
            }
        }
    }
}
