#!/bin/sh
# Debian's docker-registry (CNCF distribution 2.8.2): installs it where it is missing, and serves.
# usage: docker-registry.sh FOLDER PORT
set -eu
folder=$1 port=$2
command -v docker-registry >/dev/null || {
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends docker-registry
} >&2
export REGISTRY_HTTP_ADDR="127.0.0.1:$port"
export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="$folder/docker-registry"
exec docker-registry serve "$(dirname "$0")/../../tests/live/docker-registry.yml"
