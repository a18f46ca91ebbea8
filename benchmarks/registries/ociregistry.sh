#!/bin/sh
# CUE's ociregistry (ociserver over ocimem), in memory; the version stands in ociregistry/go.mod.
# usage: ociregistry.sh FOLDER PORT
set -eu
folder=$1 port=$2
[ -x "$folder/ociregistry" ] || {
    cd "$(dirname "$0")/ociregistry"
    go build -o "$folder/ociregistry" .
} >&2
exec "$folder/ociregistry" "$port"
