#!/usr/bin/env bash
# Sends what docs/openapi.yaml allows, and what it forbids, to a live API node and judges every answer by it.
# Seeded, at most three minutes. SCHEMATHESIS_SEED and SCHEMATHESIS_EXAMPLES change a run.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/setup.sh

ensure_swift
ensure_packages libhiredis-dev redis-server python3 python3-venv
ensure_python schemathesis schemathesis==4.32.5
. scripts/lib/live_node.sh

# The key goes by the environment: arguments can be read by everybody on the machine.
SCHEMATHESIS_KEY=$key timeout 240 "$(dirname "$python")/schemathesis" --config-file scripts/lib/schemathesis.toml run docs/openapi.yaml \
    --url "$url" --seed "${SCHEMATHESIS_SEED:-20261123}" \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-100}"
# It has met no error of ours, and the node lives.
"$program" health --url "$url/health/ready"
