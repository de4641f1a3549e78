#!/usr/bin/env bash
# Makes sure that the real counterparts the tests speak to are installed: a browser, an IMAP server, an SMTP server, a
# proxy, and a clock that can be set wrong for one process.
# As root it installs what is missing (Debian, Ubuntu); otherwise it prints what to install and ends with 1.
# With everything there it does nothing and takes no time.
set -eu
PATH=$PATH:/usr/sbin:/sbin

missing=()
need() { missing+=("$1"); }
has() { command -v "$1" >/dev/null 2>&1; }

has chromium-headless-shell || has chromium || need chromium
has dovecot && [ -e /usr/lib/dovecot/imap ] || need dovecot-imapd
[ -e /usr/lib/dovecot/lmtp ] || need dovecot-lmtpd
has haproxy || need haproxy
has exim4 || need exim4-daemon-light
compgen -G '/usr/lib*/*/faketime/libfaketime.so.1' >/dev/null || compgen -G '/usr/lib*/faketime/libfaketime.so.1' >/dev/null ||
    need libfaketime
[ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || need fonts-noto-color-emoji
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || need fonts-dejavu-core

[ ${#missing[@]} -gt 0 ] || exit 0

if ! has apt-get; then
    echo "The tests need ${missing[*]} (the names Debian has for them); install them and try again." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "The tests need packages that are not installed here. Run this, then try again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive

# Installing a mail server must not start one: policy-rc.d is Debian's switch for that. An existing one is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

log=$(mktemp)
quietly() {
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        echo "That did not work: $*" >&2
        rm -f "$log"
        return 1
    fi
}
quietly apt-get -o Acquire::Retries=3 update
# The browser's shell without windows is enough, where the distribution has it, and starts sooner.
if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
    for at in "${!missing[@]}"; do
        [ "${missing[at]}" != chromium ] || missing[at]=chromium-headless-shell
    done
fi
quietly apt-get -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold install -y --no-install-recommends "${missing[@]}"
rm -f "$log"
