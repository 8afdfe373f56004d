#!/usr/bin/env bash
# What the browser tests need of the machine: Chromium, and a font with Chinese characters.
set -euo pipefail
missing=()
# Without windows it takes a quarter less of the CPU; where there is a whole one, that does as well.
if ! command -v chromium-headless-shell >/dev/null; then
    if command -v chromium >/dev/null; then
        bash "$(dirname "$0")/apt.sh" chromium-headless-shell || echo "The pages are tested in $(command -v chromium)"
    else
        missing+=(chromium-headless-shell)
    fi
fi
# Not by fc-list: it comes with Chromium and may not be here yet.
find /usr/share/fonts /usr/local/share/fonts -name 'Noto*CJK*' 2>/dev/null | grep -q . ||
    missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] || bash "$(dirname "$0")/apt.sh" "${missing[@]}"
