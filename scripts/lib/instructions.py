"""Counts the instructions of the pure parts of the hot path with callgrind and compares them with the thresholds in git.

    instructions.py PROGRAM [--update]

Each part runs 200 and 1,200 times; the difference is what 1,000 take, without the start of the program. Callgrind counts
the same for the same binary whatever else the machine does. A part that needs over 15 % more than its threshold fails;
--update writes what was counted as the new thresholds.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

PARTS = ["read-event", "stored-body", "match", "encode-request", "redis-format", "redis-parse"]
FILE = pathlib.Path(__file__).resolve().parent / "instructions.json"
SLACK = 1.15


def count(program, part, times, folder):
    out = os.path.join(folder, f"{part}-{times}")
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, part, str(times)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        sys.exit(f"{part}: {result.stderr[-2000:]}")
    found = re.search(r"Collected : (\d+)", result.stderr)
    if not found:
        sys.exit(f"{part}: callgrind said nothing\n{result.stderr[-2000:]}")
    return int(found.group(1))


def main():
    program, update = sys.argv[1], "--update" in sys.argv[2:]
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        # Valgrind stumbles over the debugging information of newer compilers.
        stripped = os.path.join(folder, "program")
        subprocess.run(["strip", "-o", stripped, program], check=True)
        program = stripped
        jobs = {p: [pool.submit(count, program, p, n, folder) for n in (200, 1200)] for p in PARTS}
        counted = {p: (high.result() - low.result()) // 1000 for p, (low, high) in jobs.items()}
    slower = []
    print(f"{'part':16} {'instructions':>12} {'threshold':>10}  ratio")
    for part, number in counted.items():
        limit = known.get(part)
        ratio = f"{number / limit:.2f}" if limit else "new"
        print(f"{part:16} {number:12} {limit or '-':>10}  {ratio}")
        if not update and (limit is None or number > limit * SLACK):
            slower.append(part)
    if update:
        FILE.write_text(json.dumps(counted, indent=2) + "\n")
    elif slower:
        sys.exit(f"more than 15 % above the threshold, or without one: {', '.join(slower)}")


main()
