#!/bin/sh
# The container's command: read the secrets, leave the rest to the image's own entrypoint.
#   SECRETS (/run/secrets) holds clickhouse_migrator, _writer, _reader and _interserver.
#   ENTRYPOINT (/entrypoint.sh) is what is run with the words that follow.
set -eu
secrets=${SECRETS:-/run/secrets}

# A password itself gets into no environment and no configuration.
digest() { printf %s "$(cat "$secrets/clickhouse_$1")" | sha256sum | cut -d ' ' -f 1; }
MIGRATOR_SHA256=$(digest migrator)
WRITER_SHA256=$(digest writer)
READER_SHA256=$(digest reader)
INTERSERVER_SECRET=$(cat "$secrets/clickhouse_interserver")
# users.d holds a file that is mounted: the image makes no user of its own.
CLICKHOUSE_SKIP_USER_SETUP=1
export MIGRATOR_SHA256 WRITER_SHA256 READER_SHA256 INTERSERVER_SECRET CLICKHOUSE_SKIP_USER_SETUP

exec "${ENTRYPOINT:-/entrypoint.sh}" "$@"
