#!/usr/bin/env bash
# Make the virtual environment: venv.sh PYTHON DIRECTORY
set -euo pipefail
python=$1 venv=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; '$python' is $("$python" -V 2>&1)." >&2
    exit 1
}
# Debian ships Python without ensurepip unless python3-venv is there.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    bash scripts/apt.sh python3-venv
fi
"$python" -m venv "$venv"
