#!/usr/bin/env bash
# Runs docs/transcript.md against a live node and compares each answer; --write puts the answers into the page.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/setup.sh

ensure_swift
ensure_packages libhiredis-dev redis-server python3 curl
. scripts/lib/live_node.sh

python3 scripts/lib/transcript.py "$url" "$key" "$@"
