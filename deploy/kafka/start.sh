#!/usr/bin/env bash
# Start one broker: start.sh NUMBER HOST CLUSTER_ID
# Formats its disk the first time; its users stand in the JAAS file that KAFKA_OPTS names.
set -euo pipefail
number=$1 host=$2 cluster=$3
here=$(dirname "$(realpath "$0")")
bin=${KAFKA_BIN:-/opt/kafka/bin}
properties=${TMPDIR:-/tmp}/broker-$number.properties

{
    cat "$here/broker.properties"
    echo "node.id=$number"
    echo "advertised.listeners=CLIENT://$host:9092,BROKER://$host:9091"
} >"$properties"
"$bin/kafka-storage.sh" format --ignore-formatted --cluster-id "$cluster" --config "$properties"
exec "$bin/kafka-server-start.sh" "$properties"
