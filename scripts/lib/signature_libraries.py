"""Verifies what the product signs with the libraries that receivers use: standardwebhooks and svix, both from PyPI.

usage: signature_libraries.py PROBE          PROBE is the built webhooks-probe
"""
import base64
import datetime
import hashlib
import hmac
import subprocess
import sys
import time

import standardwebhooks
import svix.webhooks

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODIES = [b"", b"{}", b'{"test": 2432232314}', '{"record":{"name":"Zoë ☂","n":1.50}}'.encode(), b'{"a":"' + b"x" * 200_000 + b'"}']
SECRETS = [PUBLISHED, "whsec_" + base64.b64encode(bytes(range(24))).decode(), "whsec_" + base64.b64encode(bytes(64)).decode(),
           "plain secret", "grün ☂", "x" * 256]


def for_libraries(secret):
    """The libraries read base64 only; a plain secret's key is its UTF-8."""
    return secret if secret.startswith("whsec_") else "whsec_" + base64.b64encode(secret.encode()).decode()


def sign(probe, questions):
    lines = [" ".join([s.encode().hex(), p.encode().hex() if p else "-", str(int(time.time() * 1000)), body.hex()]) for s, p, body in questions]
    done = subprocess.run([probe, "sign"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [dict(line.split(": ", 1) for line in answer.split("|")) for answer in done.stdout.splitlines()]


def verifies(library, secret, body, headers):
    try:
        library.Webhook(for_libraries(secret)).verify(body, headers)
        return True
    except library.WebhookVerificationError:
        return False


def main():
    vector = standardwebhooks.Webhook(PUBLISHED)
    at = datetime.datetime.fromtimestamp(1614265330, tz=datetime.timezone.utc)
    published = vector.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert published == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", published
    questions = [(secret, previous, body) for secret in SECRETS for previous in [None, *SECRETS] for body in BODIES]
    answers = sign(sys.argv[1], questions)
    assert len(answers) == len(questions)
    checks = 0
    for (secret, previous, body), headers in zip(questions, answers):
        for library in (standardwebhooks, svix.webhooks):
            # The libraries parse the body once it is verified; an empty one is no JSON.
            if not body:
                continue
            assert verifies(library, secret, body, headers), (library.__name__, secret, previous)
            if previous:
                assert verifies(library, previous, body, headers), (library.__name__, "previous", secret, previous)
            assert not verifies(library, secret, body + b" ", headers)
            assert not verifies(library, "another secret", body, headers)
            stale = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
            assert not verifies(library, secret, body, stale)
            checks += 5 if previous else 4
        assert len(headers["webhook-signature"].split(" ")) == (2 if previous else 1)
        twenty = f'{headers["X-Twenty-Webhook-Timestamp"]}:'.encode() + body
        assert headers["X-Twenty-Webhook-Signature"] == hmac.new(secret.encode(), twenty, hashlib.sha256).hexdigest()
    print(f"{len(answers)} signatures, {checks} verdicts of standardwebhooks and svix")


if __name__ == "__main__":
    main()
