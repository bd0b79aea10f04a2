import Glibc

/// Milliseconds since 1970 by this machine's clock: for new ids, default timestamps and the expiry of keys.
func wallClockMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
