import Glibc

/// What the kernel says about this process.
enum ProcessFacts {
    static func samples() -> [MetricSample] {
        var samples: [MetricSample] = []
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            samples.append(
                MetricSample("process_cpu_seconds_total", seconds(usage.ru_utime) + seconds(usage.ru_stime)))
        }
        if let pages = resident() {
            samples.append(MetricSample("process_resident_memory_bytes", pages * sysconf(Int32(_SC_PAGESIZE))))
        }
        if let count = openDescriptors() { samples.append(MetricSample("process_open_fds", count)) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.append(MetricSample("process_max_fds", limit.rlim_cur))
        }
        if let start { samples.append(MetricSample("process_start_time_seconds", start)) }
        return samples
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// Resident pages: the second number of `/proc/self/statm`.
    private static func resident() -> Int? {
        let words = read("/proc/self/statm").split(separator: " ")
        return words.count > 1 ? Int(words[1]) : nil
    }

    private static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count - 1  // the descriptor of this look itself
    }

    /// Field 22 of `/proc/self/stat` counts ticks from the boot, which `/proc/stat` tells.
    private static let start: Double? = {
        let stat = read("/proc/self/stat")
        guard let behind = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[behind...].split(separator: " ")
        let boot = read("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }?.dropFirst(6)
        guard fields.count > 20, let ticks = Double(fields[20]), let boot = boot.flatMap({ Double($0) }) else {
            return nil
        }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    /// A file of `/proc`, at most 64 KiB of it; empty when it cannot be read.
    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        while count < bytes.count {
            let part = bytes[count...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard part > 0 else { break }
            count += part
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
