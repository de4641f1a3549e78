#!/usr/bin/env bash
# Makes the virtual environment named by $1, in place of what is there, with the first Python that will do: $PYTHON if
# set, else the newest of 3.11 to 3.14 that can make one. Writes $1/.place last, so that half an environment is known.
set -eu
venv=$1
for python in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
    [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        # Debian splits venv from its Python; as root we can put it right ourselves.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "Installing python3-venv …"
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        fi
        "$python" -c 'import venv, ensurepip' 2>/dev/null || continue
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv" || continue
    printf '%s' "$PWD" >"$venv/.place"
    exit 0
done
echo "Switchboard needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module, and none was found." >&2
echo "On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
exit 1
