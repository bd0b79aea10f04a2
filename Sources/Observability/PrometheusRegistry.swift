package import CoreMetrics
import Synchronization

/// A value that is read when it is asked for.
package struct MetricSample: Sendable {
    package let name: String
    package let labelValue: String?
    package let value: Double

    package init(_ name: String, _ value: Double, label: String? = nil) {
        self.name = name
        labelValue = label
        self.value = value
    }

    package init(_ name: String, _ value: some BinaryInteger, label: String? = nil) {
        self.init(name, Double(value), label: label)
    }
}

/// The backend of swift-metrics: keeps the counters and times of the process and writes all of it as Prometheus text.
///
/// Only what ``MetricCatalog`` names is kept; anything else, also another value of a label, goes nowhere.
package final class PrometheusRegistry: MetricsFactory {
    /// Values that are read at each scrape.
    package typealias Collector = @Sendable () async -> [MetricSample]

    private struct Series: Hashable {
        let name: String
        let labelValue: String?
    }

    private struct State {
        var counters: [Series: CounterCell] = [:]
        var histograms: [Series: HistogramCell] = [:]
        var collectors: [Collector] = []
    }

    private let families: [String: MetricFamily]
    private let order: [MetricFamily]
    private let state = Mutex(State())

    package init(families: [MetricFamily] = MetricCatalog.families) {
        order = families
        self.families = Dictionary(families.map { ($0.name, $0) }) { first, _ in first }
    }

    package func collect(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// The page of a scrape.
    package func text() async -> [UInt8] {
        var samples: [MetricSample] = []
        for collector in state.withLock({ $0.collectors }) { samples += await collector() }
        let byName = Dictionary(grouping: samples, by: \.name)
        var page = PrometheusText()
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        for family in order {
            page.begin(family)
            for labelValue in family.label?.values.map(Optional.some) ?? [nil] {
                let series = Series(name: family.name, labelValue: labelValue)
                if let cell = counters[series] {
                    page.add(labelValue, Double(cell.value))
                } else if let cell = histograms[series], case .histogram(let bounds) = family.kind {
                    page.add(labelValue, bounds: bounds, cell.state)
                } else if let sample = byName[family.name]?.last(where: { $0.labelValue == labelValue }) {
                    page.add(labelValue, sample.value)
                }
            }
        }
        return page.bytes
    }

    private func series(_ label: String, _ dimensions: [(String, String)]) -> (MetricFamily, Series)? {
        guard let family = families[label], dimensions.count <= 1, family.allows(dimensions.first?.1),
            dimensions.first?.0 == family.label?.name
        else { return nil }
        return (family, Series(name: label, labelValue: dimensions.first?.1))
    }

    // MARK: swift-metrics

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard let (family, series) = series(label, dimensions), family.kind == .counter else {
            return NOOPMetricsHandler.instance
        }
        return state.withLock { state in
            let cell = state.counters[series] ?? CounterCell()
            state.counters[series] = cell
            return cell
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard let (family, series) = series(label, dimensions), case .histogram(let bounds) = family.kind else {
            return NOOPMetricsHandler.instance
        }
        return state.withLock { state in
            let cell = state.histograms[series] ?? HistogramCell(bounds: bounds)
            state.histograms[series] = cell
            return cell
        }
    }

    /// Gauges are read when they are asked for, by collectors.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }

    /// Series live as long as the process, as Prometheus wants its counters.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
