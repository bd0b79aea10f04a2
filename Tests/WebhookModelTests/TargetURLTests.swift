import TestSupport
import Testing

@testable import WebhookModel

/// The rules of the contract for targets, case by case.
@Suite struct TargetURLTests {
    private static let development = TargetPolicy(allowsHTTP: true, allowsPrivate: true)
    private static let http = TargetPolicy(allowsHTTP: true, allowsPrivate: false)

    private static func problem(_ url: String, _ policy: TargetPolicy = .strict) -> TargetURL.Problem? {
        problem(bytes(url), policy)
    }

    private static func problem(_ url: [UInt8], _ policy: TargetPolicy = .strict) -> TargetURL.Problem? {
        do throws(TargetURL.Problem) {
            _ = try TargetURL(url, policy: policy)
            return nil
        } catch {
            return error
        }
    }

    // MARK: What is accepted

    @Test(arguments: [
        ("https://example.com", "https://example.com/"), ("https://example.com/", "https://example.com/"),
        ("HTTPS://EXAMPLE.COM/Path", "https://example.com/Path"), ("hTTpS://Example.Com./x", "https://example.com/x"),
        ("https://example.com.", "https://example.com/"), ("https://example.com?q=1", "https://example.com/?q=1"),
        ("https://example.com:443/", "https://example.com/"), ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com:8443/hook", "https://example.com:8443/hook"),
        ("https://example.com:1024", "https://example.com:1024/"),
        ("https://example.com:65535/", "https://example.com:65535/"),
        ("https://example.com:8080?x", "https://example.com:8080/?x"),
        ("https://a.b", "https://a.b/"), ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://foo_bar.example.com/", "https://foo_bar.example.com/"),
        ("https://_dmarc.example.com/", "https://_dmarc.example.com/"),
        ("https://1.example.com/", "https://1.example.com/"), ("https://123.456.example/", "https://123.456.example/"),
        ("https://example.c0m/", "https://example.c0m/"), ("https://1.2.3.4.com/", "https://1.2.3.4.com/"),
        ("https://a-b.c--d.example/", "https://a-b.c--d.example/"), ("https://example.x0/", "https://example.x0/"),
        ("https://example.com/a/../b//c/./", "https://example.com/a/../b//c/./"),
        ("https://example.com/%41%2f%00?%ff", "https://example.com/%41%2f%00?%ff"),
        ("https://example.com/a:b@c;d=e,f$g!h*i'j(k)~l+m&n[o]", "https://example.com/a:b@c;d=e,f$g!h*i'j(k)~l+m&n[o]"),
        ("https://example.com/?a=b?c/d:e@f", "https://example.com/?a=b?c/d:e@f"),
        ("https://example.com//", "https://example.com//"),
        ("https://example.com/?", "https://example.com/?"), ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://8.8.8.8:8443", "https://8.8.8.8:8443/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://[2606:4700:4700:0:0:0:0:1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
        ("https://[2A00:1450::200E]", "https://[2a00:1450::200e]/"),
        ("https://[2606::8.8.8.8]/", "https://[2606::808:808]/"),
        ("https://localhost.example.com/", "https://localhost.example.com/"),
        ("https://internal.example.com/", "https://internal.example.com/"),
        ("https://mylocal.example/", "https://mylocal.example/"),
        ("https://example.notlocal/", "https://example.notlocal/"),
        ("https://arpa.example/", "https://arpa.example/"),
        ("https://home.arpa.example/", "https://home.arpa.example/"),
        ("https://foo.arpa/", "https://foo.arpa/"), ("https://127.0.0.1.nip.io/", "https://127.0.0.1.nip.io/"),
        ("https://0x7f.example/", "https://0x7f.example/"), ("https://example.1a/", "https://example.1a/"),
        ("https://example.a1/", "https://example.a1/"),
    ])
    func `a target is taken apart into its canonical form`(url: String, canonical: String) throws {
        let target = try TargetURL(url, policy: .strict)
        #expect(target.canonicalText == canonical)
        #expect(try TargetURL(target.canonicalText, policy: .strict) == target)
    }

    @Test func `the parts are those of the request`() throws {
        let target = try TargetURL("HTTPS://Hooks.Example.COM.:8443?x=1", policy: .strict)
        #expect(target.scheme == .https)
        #expect(target.host == .name("hooks.example.com"))
        #expect(target.port == 8443)
        #expect(target.pathAndQuery == Array("/?x=1".utf8))
        #expect(target.hostHeader == Array("hooks.example.com:8443".utf8))
        let literal = try TargetURL("https://[2606:4700::1]:443", policy: .strict)
        #expect(literal.host == .address(.v6(0x2606_4700_0000_0000, 1)))
        #expect(literal.hostHeader == Array("[2606:4700::1]".utf8))
        let plain = try TargetURL("http://8.8.4.4", policy: Self.http)
        #expect(plain.host == .address(.v4(0x0808_0404)))
        #expect(plain.port == 80)
        #expect(plain.hostHeader == Array("8.8.4.4".utf8))
        #expect(try TargetURL("http://8.8.4.4:443", policy: Self.http).hostHeader == Array("8.8.4.4:443".utf8))
    }

    // MARK: Literal addresses

    private static func literal(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    @Test(arguments: BlockedRange.v4 + BlockedRange.v6)
    func `a blocked literal is refused at registration, the addresses around it are not`(range: BlockedRange) {
        for text in [range.first, range.last] {
            for url in ["https://\(Self.literal(text))/", "https://\(Self.literal(text)):8443/hook?x"] {
                #expect(Self.problem(url) == .addressNotAllowed, "\(url)")
                #expect(Self.problem(url, Self.http) == .addressNotAllowed, "\(url)")
                #expect((Self.problem(url, Self.development) == nil) == range.opens, "\(url)")
            }
            #expect(Self.problem("http://\(Self.literal(text))/", Self.http) == .addressNotAllowed)
        }
        for (text, neighbour) in [range.before, range.after] where neighbour != .none {
            let url = "https://\(Self.literal(text))/"
            #expect((Self.problem(url) == nil) == (neighbour == .allowed), "\(url)")
        }
    }

    @Test(arguments: BlockedRange.cloud)
    func `a cloud platform's address is refused in development too`(text: String) {
        #expect(Self.problem("https://\(Self.literal(text))/") == .addressNotAllowed)
        #expect(Self.problem("http://\(Self.literal(text))/latest/meta-data/", Self.development) == .addressNotAllowed)
    }

    @Test(arguments: BlockedRange.open)
    func `an ordinary public literal is taken`(text: String) {
        #expect(Self.problem("https://\(Self.literal(text))/") == nil)
    }

    @Test(arguments: [
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:169.254.169.254", "0:0:0:0:0:ffff:10.0.0.1", "::127.0.0.1",
        "::7f00:1",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2002:0a00:0001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1",
        "::ffff:8.8.8.8", "::ffff:808:808", "::8.8.8.8", "0000:0000:0000:0000:0000:ffff:7f00:0001", "::ffff:0.0.0.0",
        "fd00:ec2::254", "fe80::1", "ff02::1", "::1", "0:0:0:0:0:0:0:1", "::", "0::0",
    ])
    func `every form of an embedded or local address in brackets is refused`(text: String) {
        #expect(Self.problem("https://[\(text)]/") == .addressNotAllowed)
        #expect(Self.problem("https://[\(text.uppercased())]:8443/") == .addressNotAllowed)
    }

    // MARK: Other spellings of addresses

    @Test(arguments: [
        // Decimal, octal, hexadecimal, short and overflowing forms.
        "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001", "0",
        "0.0", "00.0.0.0", "1",
        "127.0.0.01", "127.0.0.001", "0127.0.0.1", "127.00.0.1", "0x7F.0x0.0x0.0x1", "0X7f000001", "127.0.0.0x1",
        "10.1", "3232235777",
        "192.168.257", "0xc0a80101", "0300.0250.1.1", "192.0x2.1", "256.0.0.1", "127.0.0.256", "127.0.0.1.5",
        "1.2.3.4.5", "4294967296",
        "999.999.999.999", "0x100000000", "08.8.8.8", "8.8.8.08", "0x8.8.8.8", "134744072", "8.8", "8.8.8", "0x", "0x.",
        "example.0x",
        "example.0x7f", "example.123", "example.com.1", "foo.0", "a.b.c.4", "example.0X1f", "127.0.0.1.", "8.8.8.8.",
        "1.1.1.1..",
        "2852039166", "0251.0376.0251.0376", "169.254.43518", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "1e3.1",
        "0b1.0.0.1.2",
        // Odd brackets, zones, versions.
        "[]", "[", "]", "[::1", "::1]", "[[::1]]", "[::1]]", "[::1]x", "x[::1]", "[::1].com", "[:]", "[:::]",
        "[1::2::3]", "[12345::1]",
        "[g::1]", "[::1.2.3]", "[::ffff:127.1]", "[::ffff:0x7f.0.0.1]", "[::ffff:0177.0.0.1]", "[::ffff:127.0.0.1.]",
        "[fe80::1%eth0]", "[fe80::1%25eth0]",
        "[v1.fe80::1]", "[vF.x]", "[8.8.8.8]", "[127.0.0.1]", "[example.com]", "[2606:4700::1", "[2606:4700::1]a",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[ ::1]",
        // Names outside the grammar.
        ".", "..", ".example.com", "example..com", "example.com..", "-example.com", "example-.com", "example.-com",
        "example.com-", "a.-", "-",
        "exa$mple.com", "exa!mple.com", "exa'mple.com", "exa(mple.com", "exa*mple.com", "*.example.com", "exa,mple.com",
        "exa;mple.com", "exa=mple.com",
        "exa&mple.com", "exa+mple.com", "exa~mple.com", "%6c%6f%63alhost", "%31%32%37.0.0.1", "example.com%00",
        "example%2ecom", "localhost%00.example.com",
        "exa[mple.com", "example.com]",
    ])
    func `no other spelling of a host is taken, in development neither`(host: String) {
        for url in ["https://\(host)/", "https://\(host):8443/x", "https://\(host)"] {
            #expect(Self.problem(url) != nil, "\(url)")
            #expect(Self.problem(url) != .addressNotAllowed, "\(url)")
            #expect(Self.problem(url, Self.development) != nil, "\(url)")
        }
    }

    @Test(arguments: [
        "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "localh\u{AD}ost", "exämple.com", "пример.рф",
        "例え.jp", "faß.de",
        "ex\u{200B}ample.com", "ex\u{202E}ample.com", "example.com\u{FF0F}x", "\u{661}.2.3.4", "ß", "K.com\u{212A}",
        "\u{FEFF}example.com",
    ])
    func `a host of anything but ASCII is refused for its characters`(host: String) {
        #expect(Self.problem("https://\(host)/") == .badCharacter)
        #expect(Self.problem("http://\(host)/", Self.development) == .badCharacter)
    }

    // MARK: Names

    @Test(arguments: [
        "localhost", "LOCALHOST", "localhost.", "LocalHost.", "foo.localhost", "a.b.localhost", "receiver", "redis",
        "metadata", "instance-data",
        "printer.local", "local", "x.LOCAL.", "metadata.google.internal", "internal", "x.internal.",
        "service.namespace.svc", "svc", "nas.lan", "lan",
        "router.home.arpa", "home.arpa", "x.Home.Arpa.", "intranet", "a", "com", "xn--bcher-kva", "_x",
        "kubernetes.default.svc", "host.docker.internal",
    ])
    func `a name of one label or of an internal domain is for development only`(host: String) {
        #expect(Self.problem("https://\(host)/") == .internalName)
        #expect(Self.problem("https://\(host):8443/x", Self.http) == .internalName)
        #expect(Self.problem("http://\(host)/", Self.development) == nil)
    }

    @Test func `labels of 63 and names of 253 characters are the longest`() {
        let label = String(repeating: "a", count: 63)
        #expect(Self.problem("https://\(label).com/") == nil)
        #expect(Self.problem("https://\(label)a.com/") == .badHost)
        #expect(Self.problem("https://com.\(label)/") == nil)
        #expect(Self.problem("https://com.\(label)a/") == .badHost)
        let longest = "\(label).\(label).\(label).\(String(repeating: "b", count: 61))"
        #expect(longest.utf8.count == 253)
        #expect(Self.problem("https://\(longest)/") == nil)
        #expect(Self.problem("https://\(longest)./") == nil)
        #expect(Self.problem("https://\(longest)b/") == .badHost)
    }

    // MARK: Ports

    @Test(arguments: [
        443, 80, 1024, 1025, 1718, 1721, 1722, 1724, 2048, 2050, 3000, 3658, 3660, 4044, 4046, 4189, 4191, 5059, 5062,
        5999, 6001, 6379,
        6565, 6567, 6664, 6670, 6678, 6680, 6696, 6698, 8000, 8080, 8443, 9000, 10_079, 10_081, 49_151, 65_534, 65_535,
    ])
    func `ports 443, 80 and those above 1023 are taken`(port: Int) throws {
        #expect(try TargetURL("https://example.com:\(port)/", policy: .strict).port == UInt16(port))
    }

    @Test(arguments: [
        1, 7, 21, 22, 23, 25, 53, 79, 81, 110, 143, 442, 444, 587, 993, 1023, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
        5060, 5061, 6000,
        6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
    ])
    func `ports below 1024 and the bad ports of WHATWG are not`(port: Int) {
        #expect(Self.problem("https://example.com:\(port)/") == .portNotAllowed)
        #expect(Self.problem("http://127.0.0.1:\(port)/", Self.development) == .portNotAllowed)
    }

    @Test(arguments: [
        "", "0", "00", "080", "0443", "00000", "65536", "99999", "100000", "000443", "-1", "+443", "4.43", "443.",
        "8_0", "0x50", "1e3", "a", "443a",
        "80:80", "443@x.com", "80,443", "[443]", "443;x",
    ])
    func `a port that is no plain number is refused`(port: String) {
        let problem = Self.problem("https://example.com:\(port)/")
        #expect(problem == (port.contains("@") ? .userInfo : .badPort))
        #expect(Self.problem("https://8.8.8.8:\(port)/") == problem)
        #expect(Self.problem("https://[2606:4700::1]:\(port)/") == problem)
    }

    // MARK: The rest of the URL

    @Test(
        arguments: [
            ("http://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("HTTP://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("ftp://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("file:///etc/passwd", .schemeNotAllowed(httpAllowed: false)),
            ("gopher://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("javascript:alert(1)", .schemeNotAllowed(httpAllowed: false)),
            ("data:text/html,x", .schemeNotAllowed(httpAllowed: false)),
            ("unix:/var/run/docker.sock", .schemeNotAllowed(httpAllowed: false)),
            ("http+unix://%2Ftmp%2Fx/", .schemeNotAllowed(httpAllowed: false)),
            ("https+unix://%2Ftmp%2Fx/", .schemeNotAllowed(httpAllowed: false)),
            ("HTTPS+UNIX://%2Ftmp%2Fx/", .schemeNotAllowed(httpAllowed: false)),
            ("ws://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("wss://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("httpss://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("https2://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("jar:https://example.com!/", .schemeNotAllowed(httpAllowed: false)),
            ("url:https://example.com/", .schemeNotAllowed(httpAllowed: false)),
            ("view-source:https://x.com/", .schemeNotAllowed(httpAllowed: false)),
            ("", .notAbsolute), ("https", .notAbsolute), ("https:", .notAbsolute), ("https:/", .notAbsolute),
            ("https://", .notAbsolute),
            ("https:///", .notAbsolute), ("https:////example.com/", .notAbsolute),
            ("https:///example.com/", .notAbsolute), ("https:example.com/", .notAbsolute),
            ("https:/example.com/", .notAbsolute), ("https//example.com/", .notAbsolute),
            ("//example.com/", .notAbsolute), ("/hook", .notAbsolute),
            ("example.com", .notAbsolute), ("example.com/hook", .notAbsolute), ("?x", .notAbsolute),
            ("https://?x", .notAbsolute), ("https://#x", .fragment),
            ("://example.com/", .notAbsolute), ("1https://example.com/", .notAbsolute),
            ("-https://example.com/", .notAbsolute), ("https_://example.com/", .notAbsolute),
            ("https ://example.com/", .badCharacter), ("https://user@example.com/", .userInfo),
            ("https://user:pass@example.com/", .userInfo),
            ("https://@example.com/", .userInfo), ("https://:@example.com/", .userInfo),
            ("https://example.com@127.0.0.1/", .userInfo),
            ("https://127.0.0.1@example.com/", .userInfo), ("https://a@b@example.com/", .userInfo),
            ("https://example.com:443@evil.example/", .userInfo),
            ("https://user%40example.com@x.com/", .userInfo), ("https://[::1]@example.com/", .userInfo),
            ("https://example.com#x", .fragment),
            ("https://example.com/#", .fragment), ("https://example.com/x#y", .fragment),
            ("https://example.com/?x#y", .fragment),
            ("https://example.com#@127.0.0.1/", .fragment), ("https://example.com/%", .badPercentEncoding),
            ("https://example.com/%4", .badPercentEncoding),
            ("https://example.com/%g0", .badPercentEncoding), ("https://example.com/%0g", .badPercentEncoding),
            ("https://example.com/%%41", .badPercentEncoding),
            ("https://example.com/?q=%", .badPercentEncoding), ("https://example.com/?q=%4", .badPercentEncoding),
            ("https://example.com/%u0041", .badPercentEncoding),
            ("https://example.com%2f", .badHost), ("https://example.com%40evil.example/", .badHost),
            ("https://%00/", .badHost), ("https://ex%61mple.com:443/", .badHost),
            ("https://example.com:%38%30/", .badHost), ("https://:443/", .badHost), ("https://:/", .badHost),
            ("https://./", .badHost),
        ] as [(String, TargetURL.Problem)])
    func `each rule has its own refusal`(url: String, problem: TargetURL.Problem) {
        #expect(Self.problem(url) == problem)
    }

    @Test(arguments: ["http://example.com/", "HTTP://example.com:8080/", "http://8.8.8.8/", "http://[2606:4700::1]/x"])
    func `http is for development only`(url: String) {
        #expect(Self.problem(url) == .schemeNotAllowed(httpAllowed: false))
        #expect(
            Self.problem(url, TargetPolicy(allowsHTTP: false, allowsPrivate: true))
                == .schemeNotAllowed(httpAllowed: false))
        #expect(Self.problem(url, Self.http) == nil)
        #expect(Self.problem(url, Self.development) == nil)
    }

    @Test(arguments: ["ftp", "file", "unix", "http+unix", "https+unix", "ws", "gopher"])
    func `no switch opens another scheme`(scheme: String) {
        #expect(Self.problem("\(scheme)://example.com/", Self.development) == .schemeNotAllowed(httpAllowed: true))
        #expect(
            Self.problem("\(scheme.uppercased())://example.com/", Self.development)
                == .schemeNotAllowed(httpAllowed: true))
    }

    @Test func `every byte outside 0x21 to 0x7E, and nine inside, are refused wherever they stand`() {
        let inside = Set("\"<>\\^`{|}".utf8)
        let frame = ("https://exam", "ple.com/a?b")
        for byte in UInt8.min...UInt8.max {
            let isAllowed = (0x21...0x7E).contains(byte) && !inside.contains(byte)
            for url in [
                Array(frame.0.utf8) + [byte] + Array(frame.1.utf8), Array((frame.0 + frame.1).utf8) + [byte],
                [byte] + Array((frame.0 + frame.1).utf8),
                Array("https://example.com/a".utf8) + [byte] + Array("b?c".utf8),
            ] {
                if !isAllowed { #expect(Self.problem(url) == .badCharacter, "byte \(byte)") }
                #expect((Self.problem(url) == .badCharacter) == !isAllowed, "byte \(byte)")
            }
        }
    }

    @Test(arguments: [
        "https://example.com\\@127.0.0.1/", "https://example.com\\.evil.example/", "https:\\\\example.com/",
        "https://example.com/\\..\\x",
        "https://example.com\t/", "https://exam\tple.com/", "https://example.com/\n", "https://example.com/\r\nHost: x",
        " https://example.com/", "https://example.com/ ",
        "https://example.com /", "\u{0}https://example.com/", "https://example.com/\u{0}", "https://example.com/a b",
        "https://example.com/<x>", "https://example.com/{x}",
        "https://example.com/\"x\"", "https://example.com/a|b", "https://example.com/a^b", "https://example.com/a`b",
        "https://example.com/\u{7F}", "https://example.com/é",
        "https://example.com/\u{2028}", "https://example.com/?q=\u{1F600}",
    ])
    func `what parsers read differently is refused for its characters`(url: String) {
        #expect(Self.problem(url) == .badCharacter)
        #expect(Self.problem(url, Self.development) == .badCharacter)
    }

    @Test func `2048 bytes are the longest`() {
        let start = "https://example.com/"
        let longest = start + String(repeating: "x", count: 2048 - start.utf8.count)
        #expect(Self.problem(longest) == nil)
        #expect(Self.problem(longest + "x") == .tooLong)
        #expect(Self.problem(String(repeating: "\u{0}", count: 2049)) == .tooLong)
        #expect(Self.problem(String(repeating: "a", count: 5_000_000)) == .tooLong)
    }

    @Test func `a refusal goes on from the field's name and tells no address`() {
        for url in ["https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://10.11.12.13/"] {
            #expect(Self.problem(url)?.description == "is refused: target address is not allowed")
        }
        #expect(Self.problem("https://localhost/")?.description == "must not name an internal host")
    }
}
