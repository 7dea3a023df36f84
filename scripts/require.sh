#!/bin/sh
# Says what is missing before `make` can go on: a new enough python with its venv module.
set -u
python=$1
if ! command -v "$python" >/dev/null 2>&1; then
    echo "python is missing: '$python' was not found." >&2
    echo "Install Python 3.11 or newer (Debian: apt install python3 python3-venv), or name one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$("$python" --version) is too old: floe needs 3.11 or newer." >&2
    echo "Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "The venv module of $("$python" --version) is missing." >&2
    echo "Install it (Debian: apt install python3-venv)." >&2
    exit 1
fi
