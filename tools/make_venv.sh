#!/bin/sh
# make_venv.sh PYTHON FOLDER : a virtual environment with pip, made once.
set -eu
python=$1
folder=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "$python was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python ..." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is $("$python" -V 2>&1); jupyter-lambda needs 3.11 or newer. Name one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$(dirname "$0")/system_packages.sh" "no-venv-module:python3-venv"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi
rm -rf "$folder"
"$python" -m venv "$folder"
