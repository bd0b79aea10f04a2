# Sourced by the scripts of this folder: builds what they need and starts one scenario.
#   LOAD_API_KEY=<API key> scripts/load/<scenario> [--api http://host:port] [--rate N] [--seconds N] ...
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/setup.sh

ensure_swift
ensure_packages libhiredis-dev
swift build -c release --product webhooks
swift build -c release --product webhooks-bench
exec "$(swift build -c release --show-bin-path)/webhooks-bench" load "$(basename "$0")" "$@"
