/// The tables of a run, as Markdown that reads well in a terminal too.
struct Report: Sendable {
    struct Row: Sendable {
        var cells: [String]
    }

    struct Table: Sendable {
        let title: String
        let columns: [String]
        var rows: [Row] = []
        /// What the budget says, and whether it holds.
        var remarks: [String] = []
    }

    private(set) var tables: [Table] = []
    /// Budgets that do not hold.
    private(set) var broken: [String] = []

    mutating func add(_ table: Table) {
        tables.append(table)
        print(Self.text(table) + "\n")
    }

    /// A ratio against its budget; one that does not hold is remembered.
    mutating func judge(_ what: String, ratio: Double, budget: Double, goal: Double? = nil) -> String {
        let holds = ratio <= budget
        let goalText = goal.map { ", goal \(hundredths($0))" } ?? ""
        let text =
            "\(what): \(hundredths(ratio)) (budget \(hundredths(budget))\(goalText)): \(holds ? "holds" : "BROKEN")"
        if !holds { broken.append(text) }
        return text
    }

    static func text(_ table: Table) -> String {
        var widths = table.columns.map(\.count)
        for row in table.rows {
            for (index, cell) in row.cells.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { index, cell in
                cell + String(repeating: " ", count: max(0, widths[index] - cell.count))
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        var lines = ["### \(table.title)", "", line(table.columns)]
        lines.append("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|")
        lines += table.rows.map { line($0.cells) }
        if !table.remarks.isEmpty { lines.append("") }
        lines += table.remarks.map { "* \($0)" }
        return lines.joined(separator: "\n")
    }

    var markdown: String { tables.map(Self.text).joined(separator: "\n\n") }
}

/// Two digits behind the point.
func hundredths(_ value: Double) -> String {
    let count = Int((value * 100).rounded())
    let rest = abs(count % 100)
    return "\(count / 100).\(rest < 10 ? "0" : "")\(rest)"
}

/// A whole number with thin groups: 12 345.
func grouped(_ value: Double) -> String {
    let digits = Array(String(Int(value.rounded())))
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { text += "," }
        text.append(digit)
    }
    return text
}
