import CLibFuzzer

/// What a fuzzer found: the property that an input breaks.
func require(_ holds: Bool, _ property: @autoclosure () -> String) {
    precondition(holds, property())
}

/// Feeds one parser with libFuzzer's inputs: `Fuzz target|json|resp|filter [libFuzzer option or corpus]...`. A property
/// that does not hold, a trap and a sanitizer's finding all end the process, and libFuzzer keeps the input.
@main
enum Fuzz {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "target":
            run {
                fuzzTarget(fuzzInput($0, $1)); return 0
            }
        case "json":
            run {
                fuzzJSON(fuzzInput($0, $1)); return 0
            }
        case "resp":
            run {
                fuzzRESP(fuzzInput($0, $1)); return 0
            }
        case "filter":
            run {
                fuzzFilter(fuzzInput($0, $1)); return 0
            }
        default: print("usage: Fuzz target|json|resp|filter [libFuzzer option or corpus]...")
        }
    }

    private static func run(_ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) {
        let arguments = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { argument in
            let bytes = Array(argument.utf8CString)
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            copy.initialize(from: bytes, count: bytes.count)
            return copy
        }
        pointers.append(nil)
        var count = CInt(arguments.count)
        pointers.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            _ = LLVMFuzzerRunDriver(&count, &base, callback)
        }
    }
}

private func fuzzInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: data, count: size))
}
