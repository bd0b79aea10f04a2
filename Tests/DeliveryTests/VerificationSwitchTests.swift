import FoundationEssentials
import Testing

/// No setting, no argument and no line of the program turns the verification of certificates off.
@Suite struct `The verification of certificates` {
    private static let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    @Test func `is turned off nowhere in the sources`() throws {
        let folder = "/\(Self.root)/Sources"
        var read = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where name.hasSuffix(".swift") {
            let data = try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"))
            let text = String(decoding: data, as: UTF8.self)
            read += 1
            for line in text.split(separator: "\n") where line.contains("certificateVerification") {
                #expect(line.contains(".fullVerification"), "\(name): \(line)")
            }
            for forbidden in ["noHostnameVerification", "customVerificationCallback", ".optionalVerification"] {
                #expect(!text.contains(forbidden), "\(name): \(forbidden)")
            }
        }
        #expect(read > 100)
    }
}
