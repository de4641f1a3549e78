#!/usr/bin/env bash
# Sees that the MongoDB in the virtual environment $1 finds its shared libraries, which a bare machine may lack. As root
# it installs them (Debian, Ubuntu); otherwise it says which are missing, and the hub can use another MongoDB.
set -eu
command -v mongod >/dev/null && exit 0
for mongod in "$1"/lib/python*/site-packages/fiftyone/db/bin/mongod; do
    [ -x "$mongod" ] && command -v ldd >/dev/null || exit 0
    missing=$(ldd "$mongod" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u)
    [ -n "$missing" ] || exit 0
    packages=()
    for library in $missing; do
        case $library in
        libcurl.so.4) packages+=(libcurl4) ;;
        libssl.so.3 | libcrypto.so.3) packages+=(libssl3) ;;
        liblzma.so.5) packages+=(liblzma5) ;;
        esac
    done
    if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing ${packages[*]} for MongoDB …"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    else
        echo "MongoDB needs ${missing//$'\n'/, }, which this machine lacks (on Debian: apt-get install libcurl4)." >&2
        echo "Or name a running MongoDB in SWITCHBOARD_MONGODB_URI." >&2
    fi
    exit 0
done
