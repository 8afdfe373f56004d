#!/usr/bin/env bash
# Install Debian packages where that is allowed, else name them and fail: apt.sh PACKAGE...
set -euo pipefail

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $* with apt-get"
    # One at a time: apt-get waits for no other's lists.
    exec {mine}<"$0"
    flock "$mine"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >/dev/null
else
    echo "Missing on this machine: $*" >&2
    echo "As root on Debian: apt-get install $*" >&2
    exit 1
fi
