/// One metric as Prometheus knows it: its name, what it means, and every series that it may ever have.
///
/// The values of the label are part of the definition, so that no id, URL or workspace can become a series.
package struct MetricFamily: Sendable {
    package enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// Upper bounds of the buckets in seconds, ascending; the last bucket, `+Inf`, is added.
        case histogram([Double])
    }

    /// A label with all the values that it may have.
    package struct Label: Sendable {
        package let name: String
        package let values: [String]
    }

    package let name: String
    package let kind: Kind
    /// One sentence, without a line break.
    package let help: String
    package let label: Label?

    init(_ name: String, _ kind: Kind, _ help: String, label: Label? = nil) {
        self.name = name
        self.kind = kind
        self.help = help
        self.label = label
    }

    /// The most series that it can have.
    package var seriesCount: Int {
        let each =
            switch kind {
            case .counter, .gauge: 1
            case .histogram(let bounds): bounds.count + 3
            }
        return each * (label?.values.count ?? 1)
    }

    var typeName: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    func allows(_ labelValue: String?) -> Bool {
        guard let label else { return labelValue == nil }
        return labelValue.map(label.values.contains) ?? false
    }
}
