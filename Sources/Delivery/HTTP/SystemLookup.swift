import Glibc
import WebhookModel

/// `getaddrinfo`, as a lookup for the resolver's threads.
enum SystemLookup {
    /// - Parameter absolute: Whether the name is looked up with a dot behind it, past all search domains.
    static func lookup(absolute: Bool) -> NameLookup {
        { name in addresses(of: absolute ? name + "." : name) }
    }

    private static func addresses(of name: String) -> NameAnswer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(name, nil, &hints, &list)
        guard result == 0 else { return .failed(String(cString: gai_strerror(result))) }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr.flatMap(IPAddress.init(socketAddress:)), !found.contains(address) {
                found.append(address)
            }
            next = entry.ai_next
        }
        return found.isEmpty ? .failed("the name has no address") : .addresses(found)
    }
}
