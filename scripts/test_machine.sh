#!/usr/bin/env bash
# What the browser tests need of the machine: Chromium, and a font with Chinese characters.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
# Not by fc-list: it comes with Chromium and may not be here yet.
find /usr/share/fonts /usr/local/share/fonts -name 'Noto*CJK*' 2>/dev/null | grep -q . ||
    missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] || bash "$(dirname "$0")/apt.sh" "${missing[@]}"
