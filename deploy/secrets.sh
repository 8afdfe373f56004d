#!/usr/bin/env bash
# Make every secret of compose.yaml that is not there yet: secrets.sh [FOLDER]
# Nothing that is there is changed: run it again after an upgrade that brings a new one.
set -euo pipefail
umask 077
folder=${1:-$(dirname "$(realpath "$0")")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

# The folder keeps everybody out; the files can be read by whichever user a container has.
keep() {
    # Read in any case: whoever writes into a closed pipe fails.
    if [ -e "$1" ]; then cat >/dev/null && return; fi
    cat >"$1.new"
    chmod 444 "$1.new"
    mv "$1.new" "$1"
}
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# Keys: issuer.key signs tokens, vault.key wraps the keys of what is sealed.
random 32 | keep issuer.key
random 32 | keep vault.key

# PostgreSQL: its superuser, the owner of the events, the owner of the vault.
for name in postgres_superuser postgres_events postgres_vault; do
    random 24 | keep "$name"
done
echo "postgresql://events:$(cat postgres_events)@postgres:5432/events" | keep event_store
echo "postgresql://vault:$(cat postgres_vault)@postgres:5432/vault" | keep vault

# Kafka: the brokers among themselves, then a DSN for each who speaks with them.
random 24 | keep kafka_broker
broker=$(cat kafka_broker)
printf 'KafkaServer {\n  org.apache.kafka.common.security.plain.PlainLoginModule required\n  username="broker" password="%s"\n  user_broker="%s";\n};\n' "$broker" "$broker" | keep kafka_jaas
brokers() { echo "kafka-1:$1,kafka-2:$1,kafka-3:$1"; }
echo "kafka://broker:$broker@$(brokers 9091)/enforcement.events.v1?security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN" | keep log_broker
kafka_dsn() {
    [ -e "$1" ] ||
        echo "kafka://$2:$(random 24)@$(brokers 9092)/$3?security_protocol=SASL_PLAINTEXT&sasl_mechanism=SCRAM-SHA-512" | keep "$1"
}
kafka_dsn log_migrator migrator enforcement.events.v1
kafka_dsn log_relay relay enforcement.events.v1
kafka_dsn log_projector projector enforcement.events.v1
kafka_dsn door_ingest ingest centre.events.v1
kafka_dsn door_centre centre centre.events.v1
# The migrator makes the door's topics too: the same user on another topic.
sed 's,/enforcement\.events\.v1,/centre.events.v1,' log_migrator | keep door_migrator

# ClickHouse: whoever changes tables, whoever fills them, whoever reads them.
for name in migrator writer reader; do
    random 24 | keep "clickhouse_$name"
    echo "clickhouse://$name:$(cat "clickhouse_$name")@warehouse:8123/yiping" | keep "warehouse_$name"
done
random 24 | keep clickhouse_interserver

echo "Secrets in $folder: back up issuer.key and vault.key on another medium than the databases."
