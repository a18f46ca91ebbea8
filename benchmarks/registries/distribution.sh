#!/bin/sh
# CNCF distribution 3, from the Go module proxy: builds it where it is missing, and serves.
# usage: distribution.sh FOLDER PORT
set -eu
folder=$1 port=$2 version=v3.1.2
[ -x "$folder/distribution-$version/registry" ] || {
    GOBIN="$folder/distribution-$version" \
        go install "github.com/distribution/distribution/v3/cmd/registry@$version"
} >&2
export REGISTRY_HTTP_ADDR="127.0.0.1:$port"
export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="$folder/distribution"
export OTEL_TRACES_EXPORTER=none
exec "$folder/distribution-$version/registry" serve "$(dirname "$0")/../../tests/live/docker-registry.yml"
