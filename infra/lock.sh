#!/usr/bin/env bash
# Resolves pyproject.toml into the two lock files: one for Python 3.11 and up, with hashes, without any host.
# Keeps what is pinned already; `infra/lock.sh --upgrade` takes the newest. See docs/decisions/0003-lock-file.md.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
        --no-header --no-annotate pyproject.toml "$@" >/dev/null
}

compile --output-file requirements.lock "$@"
compile --extra dev --constraints requirements.lock --output-file requirements-dev.lock "$@"
