"""Checks docs/security.md: every requirement names its proof, and every test and script named is there. Checks what no
test can: the oldest version of swift-nio, and flags that would take safety away.

usage: requirements.py          in the folder of the repository
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Those that no test proves yet. There is no operator page, so none of 34.
WITHOUT_PROOF = {34}
LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")


def problems():
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.*) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE)
    if [int(number) for number, _, _ in rows] != list(range(1, 41)):
        yield "docs/security.md does not list the requirements 1 to 40 in order"
    for number, _, proof in rows:
        links = LINK.findall(proof)
        if bool(links) == (int(number) in WITHOUT_PROOF):
            yield f"requirement {number} names {'a' if links else 'no'} proof"
        for text, path in links:
            file = ROOT / path
            if not file.is_file():
                yield f"requirement {number}: {path} is not there"
            elif path.endswith(".swift") and text != path:
                names = re.findall(r"func\s+`([^`]+)`", file.read_text())
                if not any(text == name or text.endswith(": " + name) for name in names):
                    yield f"requirement {number}: {path} has no test {text}"
    yield from unsafe_settings()


def unsafe_settings():
    manifest = (ROOT / "Package.swift").read_text()
    for package, floor in {"swift-nio": (2, 100, 0), "swift-nio-http2": (1, 44, 0)}.items():
        declared = re.search(rf'/{package}\.git", from: "([0-9.]+)"', manifest)
        if not declared and package == "swift-nio":
            yield f"Package.swift declares no {package}"
        if declared and tuple(map(int, declared[1].split("."))) < floor:
            yield f"{package} {declared[1]} is older than {'.'.join(map(str, floor))}"
    if "unsafeFlags" in manifest:
        yield "Package.swift has unsafe flags"
    for file in sorted((ROOT / "Sources").rglob("*.swift")):
        for found in re.findall(r"certificateVerification\s*[:=]\s*\.(?:none|noHostnameVerification)|-Ounchecked", file.read_text()):
            yield f"{file.relative_to(ROOT)}: {found}"


found = list(problems())
for problem in found:
    print(problem)
sys.exit(1 if found else 0)
