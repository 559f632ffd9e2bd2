#!/bin/sh
# system_packages.sh COMMAND:PACKAGE... : install the Debian packages whose command is missing; a path with / is looked for as a file.
# Without root or apt it only says what is missing: whatever needs it says so again, or skips.
set -eu

missing=""
for pair in "$@"; do
    case "$pair" in
        /*) [ -e "${pair%%:*}" ] && continue ;;
        *) command -v "${pair%%:*}" >/dev/null 2>&1 && continue ;;
    esac
    case " $missing " in *" ${pair#*:} "*) ;; *) missing="$missing ${pair#*:}" ;; esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing:$missing. As root on Debian or Ubuntu: apt-get install$missing" >&2
    exit 0
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
