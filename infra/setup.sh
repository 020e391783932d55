#!/usr/bin/env bash
# Makes the project's own .venv and puts ffmpeg on the machine.
#
#   infra/setup.sh          what `rushes` needs
#   infra/setup.sh dev      that, and what testing needs: torch, too, where a build for CPUs alone can be had
#   infra/setup.sh models   what `rushes` needs, and torch: for models that run in the process
#
# Does nothing, in a few milliseconds, when all is there. PYTHON=... says which Python to take.
set -euo pipefail
cd "$(dirname "$0")/.."

UV=uv==0.13.9   # quick where pip takes minutes; where it cannot run, pip does the same work
TORCH=torch==2.13.0   # the extra "models"; in no lock file, because which build is right depends on the machine
LOG=.venv/setup.log

say() { printf 'set-up: %s\n' "$*"; }
fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

supported() {   # version of the given Python when the lock file fits it, else nothing
    "$1" -c 'import sys; v = sys.version_info; (3, 11) <= v < (3, 15) and print("%d.%d" % v[:2])' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        [ -n "$(supported "$candidate")" ] && { command -v "$candidate"; return; }
        [ "$candidate" != "${PYTHON:-}" ] || break
    done
    fail "${PYTHON:-python3} is $("${PYTHON:-python3}" -V 2>&1 | tail -n 1), and Rushes needs Python 3.11 to 3.14." \
        "Install one (Debian, Ubuntu: apt install python3.11-venv or newer), or name it: make demo PYTHON=/path/to/python"
}

apt_install() {   # apt_install WHY PACKAGE: as root or by a sudo that asks nothing; otherwise say what to do
    local root=()
    if [ "$(id -u)" != 0 ]; then root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
        fail "$1 is missing. Install it (Debian, Ubuntu: sudo apt install $2) and run this again."
    fi
    say "installing $2 (apt)"
    { "${root[@]}" apt-get -q update || true
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$2"
    } >"$APT_LOG" 2>&1 </dev/null || fail "apt could not install $2: $(tail -n 1 "$APT_LOG")"
}

make_venv() {
    local python version
    python=$(find_python)
    version=$(supported "$python")
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "The venv module of Python $version" "python$version-venv"
    say "making .venv with Python $version"
    rm -rf .venv
    "$python" -m venv .venv
}

install_with() {   # install_with LOCK INSTALLER...: what the lock pins, then this folder itself, as it stands
    local lock=$1
    shift
    "$@" install --quiet --require-hashes -r "$lock" >>"$LOG" 2>&1 &&
        "$@" install --quiet --no-deps -e . >>"$LOG" 2>&1
}

install_packages() {   # install_packages LOCK
    local python=.venv/bin/python
    say "installing $(grep -c '^[a-z]' "$1") pinned packages"
    [ -x .venv/bin/uv ] || "$python" -m pip install -q --disable-pip-version-check "$UV" >"$LOG" 2>&1 || true
    if [ -x .venv/bin/uv ] && install_with "$1" .venv/bin/uv pip; then return; fi
    say "uv could not do it, pip tries with its own settings (minutes; see $LOG)"
    install_with "$1" "$python" -m pip --disable-pip-version-check ||
        fail "could not install what $1 pins: $(grep -v '^ *$' "$LOG" | tail -n 1) (all of it: $LOG)"
}

install_torch() {   # install_torch PIN: of the builds that pip's own settings lead to, the one that it prefers
    local python=.venv/bin/python links=${PIP_FIND_LINKS:-}
    "$python" -c 'import torch' 2>/dev/null && return
    say "installing $1"
    UV_FIND_LINKS=${UV_FIND_LINKS:-${links// /,}} .venv/bin/uv pip install --quiet "$1" >>"$LOG" 2>&1 ||
        "$python" -m pip --disable-pip-version-check install --quiet "$1" >>"$LOG" 2>&1
}

main() {
    local lock=requirements.lock stamp=.venv/.installed began=$SECONDS
    if [ "${1:-}" = dev ]; then lock=requirements-dev.lock stamp=.venv/.installed-dev; fi
    if [ "${1:-}" = models ]; then stamp=.venv/.installed-models; fi
    APT_LOG=$(mktemp)
    trap 'rm -f "$APT_LOG"' EXIT
    if ! command -v ffmpeg >/dev/null || ! command -v ffprobe >/dev/null; then apt_install ffmpeg ffmpeg; fi

    # The stamp names this folder too: a moved .venv starts programs out of the folder it came from.
    local wanted
    wanted="$(cat "$lock" pyproject.toml infra/setup.sh | sha256sum) $PWD"
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    if [ -z "$(supported .venv/bin/python)" ] || [ "$(cat .venv/.folder 2>/dev/null || echo "$PWD")" != "$PWD" ]; then
        make_venv
    fi
    printf '%s' "$PWD" >.venv/.folder
    install_packages "$lock"
    case "${1:-}" in
        models) install_torch "$TORCH" || fail "could not install $TORCH: $(grep -v '^ *$' "$LOG" | tail -n 1)" ;;
        dev) install_torch "$TORCH+cpu" ||
            say "no build of torch for CPUs is to be had: tests of models in the process will be skipped" ;;
    esac
    printf '%s' "$wanted" >"$stamp"
    say "ready after $((SECONDS - began)) s"
}

export UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1
main "$@"
