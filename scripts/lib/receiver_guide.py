"""Runs the signature examples of the README, one a language, on messages that are signed here."""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile
import time

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def cases():
    now, old = str(int(time.time())), str(int(time.time()) - 3600)
    body = '{"event":"people.created","record":{"name":"Ada ☂","score":1.50}}'.encode()
    good = signature(SECRET, "id-1", now, body)
    other = signature("whsec_" + base64.b64encode(bytes(24)).decode(), "id-1", now, body)
    headers = {"webhook-id": "id-1", "webhook-timestamp": now, "webhook-signature": good}
    yield "a good one", SECRET, headers, body, True
    yield "the second of two", SECRET, {**headers, "webhook-signature": f"{other} {good}"}, body, True
    yield "a plain secret", "s3cret", {**headers, "webhook-signature": signature("s3cret", "id-1", now, body)}, body, True
    yield "another secret", SECRET, {**headers, "webhook-signature": other}, body, False
    yield "a changed body", SECRET, headers, body + b" ", False
    yield "another id", SECRET, {**headers, "webhook-id": "id-2"}, body, False
    yield "an unknown version", SECRET, {**headers, "webhook-signature": "v2," + good[3:]}, body, False
    yield "no signature", SECRET, {k: v for k, v in headers.items() if k != "webhook-signature"}, body, False
    stale = {"webhook-id": "id-1", "webhook-timestamp": old, "webhook-signature": signature(SECRET, "id-1", old, body)}
    yield "an old one", SECRET, stale, body, False


DRIVERS = {
    "python": ("verify.py", ["python3"], """
import json, sys
print(json.dumps([verify(c["secret"], c["headers"], c["body"].encode()) for c in json.load(sys.stdin)]))
"""),
    "javascript": ("verify.mjs", ["node"], """
import { readFileSync } from "node:fs";
const all = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(all.map((c) => verify(c.secret, c.headers, Buffer.from(c.body, "utf8")))));
"""),
    "php": ("verify.php", ["php"], """
echo json_encode(array_map(fn($c) => verify($c['secret'], $c['headers'], $c['body']),
    json_decode(stream_get_contents(STDIN), true)));
"""),
}


def main() -> int:
    readme = open(os.path.join(os.path.dirname(__file__), "../../README.md"), encoding="utf-8").read()
    wanted = list(cases())
    given = json.dumps([{"secret": s, "headers": h, "body": b.decode()} for _, s, h, b, _ in wanted])
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for language, (name, command, driver) in DRIVERS.items():
            blocks = re.findall(rf"```{language}\n(.*?)```", readme, re.S)
            if len(blocks) != 1:
                print(f"{language}: {len(blocks)} examples in the README, expected one")
                wrong += 1
                continue
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(blocks[0] + driver)
            run = subprocess.run(command + [path], input=given, capture_output=True, text=True, timeout=60)
            if run.returncode != 0:
                print(f"{language}: {run.stderr}")
                wrong += 1
                continue
            for (what, *_, expected), answer in zip(wanted, json.loads(run.stdout), strict=True):
                if answer is not expected:
                    print(f"{language}: {what}: {answer}, expected {expected}")
                    wrong += 1
    print(f"receiver examples: {len(DRIVERS)} languages, {len(wanted)} messages, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
