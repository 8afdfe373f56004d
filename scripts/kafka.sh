#!/usr/bin/env bash
# What tests and the cluster demo need of the machine: Java and the jars of an Apache Kafka broker.
# Prints the folder of the jars. An Apache Kafka of the machine's own is taken by KAFKA_HOME.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
version=4.1.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/yiping
libs=$cache/kafka-$version/libs

java_is_new_enough() {
    command -v java >/dev/null &&
        [ "$(java -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')" -ge 17 ]
}

bring_jars() {
    command -v mvn >/dev/null || bash "$here/apt.sh" maven >&2
    mkdir -p "$cache"
    fresh=$(mktemp -d "$cache/kafka-XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    echo "Bringing Apache Kafka $version into $cache" >&2
    mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file "$here/kafka.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$fresh/libs" >&2
    (cd "$fresh/libs" && sha256sum --check --strict --quiet "$here/kafka.sha256") >&2
    # Of two that bring it at once the later finds it there: rename never mixes two folders.
    mv -T "$fresh" "$cache/kafka-$version" 2>/dev/null || [ -d "$libs" ]
}

java_is_new_enough || bash "$here/apt.sh" openjdk-17-jre-headless >&2
if [ -n "${KAFKA_HOME:-}" ]; then
    libs=$KAFKA_HOME/libs
    if ! compgen -G "$libs/kafka_*.jar" >/dev/null; then
        echo "KAFKA_HOME=$KAFKA_HOME has no libs/kafka_*.jar" >&2
        exit 1
    fi
elif [ ! -d "$libs" ]; then
    bring_jars
fi
echo "$libs"
