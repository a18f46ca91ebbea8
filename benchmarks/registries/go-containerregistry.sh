#!/bin/sh
# The registry of go-containerregistry (`crane registry serve`), in memory, from the Go module proxy.
# usage: go-containerregistry.sh FOLDER PORT
set -eu
folder=$1 port=$2 version=v0.22.1
[ -x "$folder/go-containerregistry-$version/registry" ] || {
    GOBIN="$folder/go-containerregistry-$version" \
        go install "github.com/google/go-containerregistry/cmd/registry@$version"
} >&2
exec "$folder/go-containerregistry-$version/registry" -port "$port"
