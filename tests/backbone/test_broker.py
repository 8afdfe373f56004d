"""Kafka's DSN, and the clients that are made from it."""

import threading
import traceback
from collections.abc import Callable
from typing import Any

import crc32c
import pytest
from kafka.errors import KafkaTimeoutError, OffsetOutOfRangeError
from kafka.record.util import calc_crc32c

from services.backbone import broker
from services.backbone.broker import kafka_errors, parse
from services.backbone.errors import LogUnavailable, OffsetLost, SettingInvalid


def test_a_dsn_names_brokers_and_topic() -> None:
    """One broker or several, by name or address."""
    topic = parse("YIPING_LOG", "kafka://one:9092,10.0.0.2:9093,[::1]:9094/events.v1")

    assert topic.servers == ("one:9092", "10.0.0.2:9093", "[::1]:9094")
    assert topic.name == "events.v1"
    assert topic.security == {}


def test_credentials_go_over_an_encrypted_connection_by_default() -> None:
    """Quoted characters of a password are what they stand for."""
    topic = parse("YIPING_LOG", "kafka://relay:p%40ss%2Fw@one:9092/events")

    assert topic.security == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "relay",
        "sasl_plain_password": "p@ss/w",
    }


def test_options_are_kafka_pythons_own() -> None:
    """Those that say how a connection is secured."""
    dsn = "kafka://u:p@one:1/t?security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
    options = parse("YIPING_LOG", dsn).security

    assert options["security_protocol"] == "SASL_PLAINTEXT"
    assert options["sasl_mechanism"] == "PLAIN"
    assert parse("YIPING_LOG", "kafka://one:1/t?security_protocol=SSL&ssl_cafile=/ca").security == {
        "security_protocol": "SSL",
        "ssl_cafile": "/ca",
    }


@pytest.mark.parametrize(
    "dsn",
    [
        "kafka://one:9092",
        "kafka://one/events",
        "kafka://one:99999/events",
        "kafka:///events",
        "kafka://one:9092,/events",
        "kafka://one:9092/two words",
        "kafka://one:9092/..",
        "store:",
        "kafka://hidden:word@one:9092/events?acks=1",
        "kafka://hidden:word@one:9092/events?security_protocol=PLAINTEXT",
        "kafka://hidden:word@one:9092/events?sasl_mechanism=MD5",
        "kafka://hidden@one:9092/events",
        "kafka://one:9092/events?sasl_plain_password=word",
        "kafka://hidden:word",
        "kafka://one:9092/events?sasl_mechanism=PLAIN",
    ],
)
def test_what_is_no_dsn_is_refused_without_its_password(dsn: str) -> None:
    """The setting is named; what may be a secret is told nowhere, nor in the traceback."""
    with pytest.raises(SettingInvalid) as caught:
        parse("YIPING_LOG", dsn)

    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.name == "YIPING_LOG"
    assert "hidden" not in told
    assert "=word" not in told
    assert ":word" not in told


def test_a_topic_tells_no_password() -> None:
    """However it is printed."""
    topic = parse("YIPING_LOG", "kafka://relay:hidden@one:9092/events")

    assert "hidden" not in f"{topic} {topic!r} {topic.of('another')!r}"


def test_errors_of_kafka_are_ours() -> None:
    """What was lost is told from what may pass."""
    with pytest.raises(LogUnavailable, match="KafkaTimeoutError") as passing, kafka_errors("it"):
        raise KafkaTimeoutError("after 10 s")
    with pytest.raises(OffsetLost, match="OffsetOutOfRange"), kafka_errors("it"):
        raise OffsetOutOfRangeError({})

    assert not isinstance(passing.value, OffsetLost)


def test_checksums_are_made_in_c() -> None:
    """kafka-python falls back to Python, three times slower, without a word."""
    assert calc_crc32c.__defaults__ == (crc32c.crc32c,)


@pytest.mark.parametrize("make", [broker.consumer, broker.producer])
def test_a_client_that_reached_nobody_leaves_nothing_behind(make: Callable[..., Any]) -> None:
    """Whoever tries again every few seconds, for hours, has as many threads as before."""
    topic = parse("TEST", "kafka://127.0.0.1:1/t")
    before = set(threading.enumerate())

    for _ in range(2):
        with pytest.raises(LogUnavailable):
            make(topic, "test", bootstrap_timeout_ms=100)

    assert set(threading.enumerate()) <= before
