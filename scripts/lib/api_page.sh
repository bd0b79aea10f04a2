#!/usr/bin/env bash
# Renders docs/openapi.yaml as the page of /docs, or says with --check whether the committed one is what it would be.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/setup.sh

ensure_packages python3 python3-venv
ensure_python page openapi-spec-validator==0.9.0 PyYAML==6.0.4 markdown-it-py==4.3.0
"$python" -m openapi_spec_validator docs/openapi.yaml
"$python" scripts/lib/api_page.py "$@"
