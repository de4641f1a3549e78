#!/usr/bin/env bash
# Makes the virtual environment named by $1 with the first Python of at least 3.11 that can make one.
set -eu
venv=$1
for python in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
    [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        # Debian splits venv from its Python; as root we can put it right ourselves.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
        else
            echo "$python cannot make virtual environments; install python3-venv and try again." >&2
            continue
        fi
    fi
    exec "$python" -m venv "$venv"
done
echo "Switchboard needs Python 3.11 or newer with its venv module, and none was found." >&2
echo "On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
exit 1
