import Glibc

/// Seconds since 1970.
package func secondsNow() -> Int64 { Int64(time(nil)) }
