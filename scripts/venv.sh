#!/usr/bin/env bash
# Make the virtual environment: venv.sh PYTHON DIRECTORY
set -euo pipefail
python=$1 venv=$2
here=$(dirname "$0")

if ! command -v "$python" >/dev/null; then
    bash "$here/apt.sh" python3 python3-venv
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer is needed, '$python' is $("$python" -V 2>&1): make PYTHON=..." >&2
    exit 1
fi
# Debian ships Python without ensurepip unless python3-venv is there.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    bash "$here/apt.sh" python3-venv
fi
"$python" -m venv "$venv"
