"""Compares the product's address guard with an independent one written here, from the contract and from Python's ipaddress.

usage: address_oracle.py PROBE [COUNT] [SEED]

PROBE is the built webhooks-probe. Asks about every boundary of every range, about COUNT random addresses (default 20,000)
and about as many URLs in all kinds of spellings. Prints each disagreement, and ends with 1 when there was any.
"""
import ipaddress
import random
import re
import subprocess
import sys

# Blocked beside what ipaddress knows: it follows the registries of its own release and says nothing about services that a
# registry calls globally reachable.
EXTRA = [ipaddress.ip_network(text) for text in """
    192.0.0.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.175.48.0/24 168.63.129.16/32 224.0.0.0/4 240.0.0.0/4
    64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2002::/16 2001:db8::/32 2620:4f:8000::/48 3fff::/20 5f00::/16
    fec0::/10 ff00::/8""".split()]
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# What the switch for private targets opens, and what it does not though it lies inside.
PRIVATE = [ipaddress.ip_network(text) for text in """
    10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 ::1/128 fc00::/7 fec0::/10""".split()]
NEVER = [ipaddress.ip_network(text) for text in """
    100.100.100.200/32 fd00:ec2::/32 fd00:42::42/128 fd20:ce::254/128""".split()]
INTERNAL = ("localhost", "local", "internal", "svc", "lan", "home.arpa")
BAD_PORTS = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}


def reachable(address, private):
    """Whether a delivery may go to an address."""
    if private and any(address in net for net in PRIVATE if net.version == address.version):
        return not any(address in net for net in NEVER if net.version == address.version)
    if any(address in net for net in EXTRA if net.version == address.version):
        return False
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
URL = re.compile(rb"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<rest>(?:[/?].*)?)", re.IGNORECASE | re.DOTALL)
PORT = re.compile(r"[1-9][0-9]{0,4}")


def accepted(url, http, private):
    """The canonical form of a URL (bytes) that may be registered, else None."""
    if len(url) > 2048 or any(byte < 0x21 or byte > 0x7E or byte in b'"<>\\^`{|}' for byte in url):
        return None
    match = URL.fullmatch(url)
    if not match or b"#" in url or b"@" in match["authority"] or b"%" in match["authority"]:
        return None
    if re.search(rb"%(?![0-9A-Fa-f]{2})", match["rest"]):
        return None
    scheme = match["scheme"].lower().decode()
    if scheme == "http" and not http:
        return None
    host, colon, port = split(match["authority"].decode().lower())
    if host is None or (colon and not PORT.fullmatch(port)):
        return None
    number = int(port) if colon else {"http": 80, "https": 443}[scheme]
    if number > 65535 or number in BAD_PORTS or (number < 1024 and number not in (80, 443)):
        return None
    host = host_text(host, private)
    if host is None:
        return None
    shown = "" if number == {"http": 80, "https": 443}[scheme] else f":{number}"
    rest = match["rest"].decode()
    return f"{scheme}://{host}{shown}{rest if rest.startswith('/') else '/' + rest}"


def split(authority):
    """Host, whether there is a colon, and what stands behind it."""
    if authority.startswith("["):
        host, bracket, behind = authority.partition("]")
        if not bracket or (behind and not behind.startswith(":")):
            return None, "", ""
        return host + "]", behind[:1], behind[1:]
    return authority.partition(":")


def host_text(host, private):
    if host.startswith("["):
        if not re.fullmatch(r"\[[0-9a-f:.]+\]", host):
            return None
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return None
        return f"[{address}]" if reachable(address, private) else None
    if QUAD.fullmatch(host) and all(int(part) < 256 for part in host.split(".")):
        return host if reachable(ipaddress.IPv4Address(host), private) else None
    name = host[:-1] if host.endswith(".") else host
    labels = name.split(".")
    if not 1 <= len(name) <= 253 or not all(LABEL.fullmatch(label) for label in labels):
        return None
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return None
    if not private and (len(labels) == 1 or any(name == end or name.endswith("." + end) for end in INTERNAL)):
        return None
    return name


def interesting_addresses(rng, count):
    networks = EXTRA + PRIVATE + NEVER + [GLOBAL_UNICAST] + [ipaddress.ip_network(text) for text in """
        0.0.0.0/8 169.254.0.0/16 192.0.0.0/29 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.0.192/32 192.0.2.0/24 198.18.0.0/15
        198.51.100.0/24 203.0.113.0/24 255.255.255.255/32 169.254.169.254/32 ::/128 ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 2001:1::1/128
        2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001::/32 fe80::/10 200::/7 400::/6 800::/5
        1000::/4 4000::/3 e000::/4 f000::/5 f800::/6 fe00::/9 fd00:ec2::254/128""".split()]
    for network in networks:
        whole = int(ipaddress.ip_address("255.255.255.255" if network.version == 4 else "ffff:" * 7 + "ffff"))
        kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        first, last = int(network.network_address), int(network.broadcast_address)
        for number in (first - 1, first, first + 1, (first + last) // 2, last - 1, last, last + 1):
            if 0 <= number <= whole:
                yield kind(number)
    for _ in range(count):
        if rng.random() < 0.4:
            yield ipaddress.IPv4Address(rng.getrandbits(32))
        elif rng.random() < 0.5:
            network = rng.choice(networks)
            kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
            yield kind(int(network.network_address) | rng.getrandbits(network.max_prefixlen - network.prefixlen))
        else:
            number = rng.getrandbits(128)
            yield ipaddress.IPv6Address(number if rng.random() < 0.3 else number >> 3 | 1 << 125)


def spellings(rng, address):
    """Many ways to write an address as a host, most of which must be refused."""
    if address.version == 4:
        number, parts = int(address), str(address).split(".")
        yield str(address)
        yield from (f"{number}", f"0x{number:x}", f"0{number:o}", ".".join(f"0x{int(part):x}" for part in parts))
        yield from (".".join(f"0{int(part):o}" for part in parts), f"{parts[0]}.{number & 0xFFFFFF}", f"{address}.")
        yield from (".".join(part.zfill(3) for part in parts), f"[{address}]", f"[::ffff:{address}]", f"[::{address}]")
        yield from (f"[64:ff9b::{address}]", f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]")
        yield from (f"{address}.nip.io", f"{address}.example.com", "%" + f"{ord(parts[0][0]):x}" + str(address)[1:], f"[2606::{address}]")
    else:
        yield f"[{address}]"
        yield f"[{address.exploded}]"
        yield f"[{str(address).upper()}]"
        yield f"[{address}%25eth0]"
        yield str(address)
        tail = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        yield "[" + ":".join(address.exploded.split(":")[:6]) + f":{tail}]"


NAMES = """example.com EXAMPLE.com. a.b xn--bcher-kva.example localhost foo.localhost printer.local x.internal svc.ns.svc nas.lan r.home.arpa
    home.arpa.example single _x._y.z -a.b a-.b a..b .a.b a.b.. a.0x1 a.1 1.a 0x1.a a.b_ xn--a a.x0 metadata.google.internal ab.c-d.e""".split()
PORTS = ["", "", "", ":443", ":80", ":8080", ":0443", ":", ":0", ":1", ":1023", ":1024", ":65535", ":65536", ":99999", ":4x", ":-1", ":+80"]
PORTS += [f":{port + step}" for port in sorted(BAD_PORTS) for step in (-1, 0, 1)]
RESTS = ["", "/", "/a?b=c", "?q", "/%41", "/%4", "/%zz", "/#f", "#f", "/a b", "/\\", "//x", "/@", "/:", "/?#", "/\u00e9", "/[]", "/{}", "/'"]
SCHEMES = ["https"] * 8 + ["HTTPS", "hTTps", "http", "HTTP", "ftp", "http+unix", "https+unix", "unix", "", "ws", "httpss"]
SEPARATORS = ["://"] * 20 + [":/", ":", "//", ":///", "://u:p@", "://@", ":\\\\", " ://", "://\t"]


def urls(rng, addresses, count):
    hosts = []
    for address in addresses:
        hosts.extend(spellings(rng, address))
    hosts += NAMES * 3
    for host in hosts[: count]:
        yield f"https://{host}/".encode()
    for _ in range(count):
        host = rng.choice(hosts) if rng.random() < 0.7 else rng.choice(NAMES)
        url = rng.choice(SCHEMES) + rng.choice(SEPARATORS) + host + rng.choice(PORTS) + rng.choice(RESTS)
        raw = bytearray(url.encode())
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 3)):
                raw[rng.randrange(len(raw))] = rng.choice(b"./:@%[]#?\\-_0123456789abcfxXLO\x00\x20\x7f\xff")
        yield bytes(raw)


def ask(probe, mode, lines):
    done = subprocess.run([probe, mode], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines), f"{len(lines)} questions, {len(answers)} answers"
    return answers


def main():
    probe, count, seed = sys.argv[1], int((sys.argv[2:] or ["20000"])[0]), int((sys.argv[3:] or ["1"])[0])
    rng = random.Random(seed)
    wrong, reached = 0, 0
    addresses = list(interesting_addresses(rng, count))
    for address, answer in zip(addresses, ask(probe, "address", [str(a) for a in addresses])):
        expected = " ".join("allow" if reachable(address, private) else "deny" for private in (False, True))
        reached += answer.startswith("allow")
        if answer != expected:
            wrong += 1
            print(f"{address}: the product says {answer}, the oracle {expected}")
    questions = []
    for url in urls(rng, rng.sample(addresses, min(len(addresses), count // 8)), count):
        questions.append((url, rng.random() < 0.3, rng.random() < 0.3))
    taken = 0
    lines = [f"{int(http)} {int(private)} {url.hex()}" for url, http, private in questions]
    for (url, http, private), answer in zip(questions, ask(probe, "target", lines)):
        canonical = accepted(url, http, private)
        taken += canonical is not None
        if (answer.startswith("allow ") and answer[6:]) != (canonical or False):
            wrong += 1
            print(f"{url!r} http={http} private={private}: the product says {answer}, the oracle {canonical}")
    print(f"seed {seed}: {len(addresses)} addresses ({reached} within reach), {len(questions)} URLs ({taken} taken), {wrong} disagreements")
    if wrong or reached < len(addresses) // 10 or taken < len(questions) // 20:
        sys.exit(1)


if __name__ == "__main__":
    main()
