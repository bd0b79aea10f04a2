/// Writes metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var bytes: [UInt8] = []
    private var family: MetricFamily?
    private var isAnnounced = false

    init() { bytes.reserveCapacity(32 << 10) }

    /// The family of what is added from now on; one without a series is not written.
    mutating func begin(_ family: MetricFamily) {
        self.family = family
        isAnnounced = false
    }

    mutating func add(_ labelValue: String?, _ value: Double) {
        guard let family = announced() else { return }
        line(family.name, labels(family, labelValue), value)
    }

    mutating func add(_ labelValue: String?, bounds: [Double], _ state: (counts: [Int64], sum: Double)) {
        guard let family = announced() else { return }
        var total: Int64 = 0
        for (index, count) in state.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? Self.text(bounds[index]) : "+Inf"
            line("\(family.name)_bucket", labels(family, labelValue) + ["le=\"\(bound)\""], Double(total))
        }
        line("\(family.name)_sum", labels(family, labelValue), state.sum)
        line("\(family.name)_count", labels(family, labelValue), Double(total))
    }

    private mutating func announced() -> MetricFamily? {
        guard let family else { return nil }
        if !isAnnounced {
            isAnnounced = true
            bytes.append(contentsOf: "# HELP \(family.name) \(family.help)\n".utf8)
            bytes.append(contentsOf: "# TYPE \(family.name) \(family.typeName)\n".utf8)
        }
        return family
    }

    /// Values of labels are words of the catalog: nothing in them needs an escape.
    private func labels(_ family: MetricFamily, _ value: String?) -> [String] {
        guard let label = family.label, let value else { return [] }
        return ["\(label.name)=\"\(value)\""]
    }

    private mutating func line(_ name: String, _ labels: [String], _ value: Double) {
        bytes.append(contentsOf: name.utf8)
        if !labels.isEmpty { bytes.append(contentsOf: "{\(labels.joined(separator: ","))}".utf8) }
        bytes.append(contentsOf: " \(Self.text(value))\n".utf8)
    }

    /// Whole numbers without a fraction, others as Swift writes them; both are what Prometheus reads.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }
}
