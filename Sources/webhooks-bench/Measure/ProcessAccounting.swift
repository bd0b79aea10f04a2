import FoundationEssentials
import Glibc

/// User and system time of this process so far, in seconds.
func ownCPUSeconds() -> Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// User and system time of a process so far (proc(5)), in seconds; 0 when it is gone.
func cpuSeconds(_ pid: Int32) -> Double {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return 0 }
    let text = String(decoding: data, as: UTF8.self)
    // The name in parentheses may hold anything; the fields are counted behind it.
    guard let close = text.lastIndex(of: ")") else { return 0 }
    let fields = text[close...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// Resident memory of a process (proc(5)), in bytes; 0 when it is gone.
func residentBytes(_ pid: Int32) -> Int {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/statm") else { return 0 }
    let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * sysconf(Int32(_SC_PAGESIZE))
}
