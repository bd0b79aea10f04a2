import FoundationEssentials

/// The path of an executable of this package, which lies beside the test's own binary.
package func builtExecutable(_ name: String = "webhooks") throws -> String {
    // The test runner's binary lies in the same folder as the executables (Linux: <folder>/xctest bundle).
    var folder = CommandLine.arguments[0]
    while let slash = folder.lastIndex(of: "/") {
        folder = String(folder[..<slash])
        let candidate = "\(folder)/\(name)"
        if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    throw ChildProcess.Failure(description: "no executable \(name) beside \(CommandLine.arguments[0])")
}
