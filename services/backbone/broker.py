"""Kafka: one topic named by a DSN, and the clients of kafka-python that speak with its brokers.

``kafka://[user:password@]host:port[,host:port…]/topic[?option=value…]``; the options are those
of ``OPTIONS``, under kafka-python's own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    KafkaError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from kafka.net.compat import KafkaNetClient

from services.backbone.errors import LogUnavailable, OffsetLost, SettingInvalid

SCHEME = "kafka://"
EXPECTED = "kafka://[USER:PASSWORD@]HOST:PORT[,HOST:PORT…]/TOPIC[?OPTION=VALUE…]"
OPTIONS = {
    "security_protocol": re.compile("PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL"),
    "sasl_mechanism": re.compile("PLAIN|SCRAM-SHA-256|SCRAM-SHA-512"),
    "ssl_cafile": re.compile(".+"),
    "ssl_certfile": re.compile(".+"),
    "ssl_keyfile": re.compile(".+"),
}
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")

RECORD_BYTES = 8 * 1024 * 1024
"""Largest record: an event of 2 MiB, its fields sealed (4:3) and told again in its state."""
BATCH_BYTES = 256 * 1024
LINGER_MS = 5
REQUEST_TIMEOUT_MS = 8_000
DELIVERY_TIMEOUT_MS = 15_000
BLOCK_MS = 10_000
RECONNECT_MAX_MS = 2_000
CLOSE_S = 5.0
FETCH_WAIT_MS = 100
PARTITION_FETCH_BYTES = 4 * 1024 * 1024
FETCH_BYTES = 32 * 1024 * 1024
POLL_INTERVAL_MS = 300_000
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 1_000
JOIN_MS = 3_000
"""To agree with the others of a group; longer where one of them is busy."""


class Topic(msgspec.Struct, frozen=True):
    """A topic and how its brokers are reached."""

    name: str
    servers: tuple[str, ...]
    security: dict[str, str]
    """Settings of a client; may hold a password."""

    def __repr__(self) -> str:
        return f"Topic({self.name!r} at {','.join(self.servers)})"

    def of(self, name: str) -> Topic:
        """Another topic of the same brokers."""
        return msgspec.structs.replace(self, name=name)


def parse(setting: str, dsn: str) -> Topic:
    """The topic that a DSN names; raises SettingInvalid, which never tells a password."""
    try:
        return _parse(dsn)
    except ValueError as error:
        raise SettingInvalid(setting, f"{SCHEME}…", f"{EXPECTED} with {error}") from None


def _parse(dsn: str) -> Topic:
    place, _, query = dsn.removeprefix(SCHEME).partition("?")
    location, _, name = place.partition("/")
    credentials, _, hosts = location.rpartition("@")
    servers = tuple(hosts.split(","))
    if not dsn.startswith(SCHEME) or not all(_is_server(server) for server in servers):
        raise ValueError("a host and a port for each broker")
    if not _TOPIC.fullmatch(name):
        raise ValueError("the name of a topic")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return Topic(name, servers, _security(credentials, options))


def _is_server(text: str) -> bool:
    match = _SERVER.fullmatch(text)
    return match is not None and 0 < int(match[2]) < 65536


def _security(credentials: str, options: dict[str, str]) -> dict[str, str]:
    for option, value in options.items():
        if option not in OPTIONS:
            raise ValueError(f"no options but {', '.join(OPTIONS)}")
        if not OPTIONS[option].fullmatch(value):
            raise ValueError(f"{option} one of {OPTIONS[option].pattern}")
    if not credentials:
        if "SASL" in options.get("security_protocol", "") or "sasl_mechanism" in options:
            raise ValueError("a user and a password for SASL")
        return options
    user, _, password = credentials.partition(":")
    security = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"} | options
    # A password is of no use, and in danger, on a connection that does not ask for it.
    if not user or not password or "SASL" not in security["security_protocol"]:
        raise ValueError("a user and a password, both or none, and a SASL protocol for them")
    names = {"sasl_plain_username": unquote(user), "sasl_plain_password": unquote(password)}
    return security | names


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Errors of kafka-python as ours: OffsetLost, or LogUnavailable for whatever may pass."""
    try:
        yield
    except (OffsetOutOfRangeError, NoOffsetForPartitionError, LogTruncationError) as error:
        raise OffsetLost(f"{doing}: {type(error).__name__}") from error
    except (KafkaError, OSError) as error:
        raise LogUnavailable(f"{doing}: {type(error).__name__}") from error


def producer(topic: Topic, client: str, **overrides: Any) -> KafkaProducer:
    """A producer that tells a record delivered when all replicas in sync have it.

    Idempotent: what it sends again by itself neither doubles nor changes the order within a
    partition.  Raises LogUnavailable where no broker answers.
    """
    settings: dict[str, Any] = {
        **_connection(topic, client),
        # A topic that is not there is an operator's mistake; none springs up with defaults.
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
        "enable_idempotence": True,
        "acks": "all",
        "max_in_flight_requests_per_connection": 5,
        "linger_ms": LINGER_MS,
        "batch_size": BATCH_BYTES,
        "max_request_size": RECORD_BYTES,
        "max_block_ms": BLOCK_MS,
        "delivery_timeout_ms": DELIVERY_TIMEOUT_MS,
    }
    with kafka_errors("connecting a producer"):
        return _made(KafkaProducer, settings | overrides)


def abandon(made: KafkaProducer) -> None:
    """Close a producer at once; what is not acknowledged by now may or may not come.

    kafka-python's ``close`` raises where something waits, and then closes nothing.
    """
    made._sender.force_close()
    made._sender.join(CLOSE_S)
    with suppress(KafkaError):
        made.close(timeout=0)


def consumer(topic: Topic, client: str, group: str | None = None, **overrides: Any) -> Any:
    """A consumer that commits nothing by itself and never jumps over what it has not read.

    With ``group`` it shares the partitions with the group's others, handed over one by one
    (cooperative-sticky); the caller subscribes or assigns.  An offset that is gone from the log
    is an error (``kafka_errors``: OffsetLost).  Raises LogUnavailable where no broker answers.
    """
    settings: dict[str, Any] = {
        **_connection(topic, client),
        # A topic that is not there is an operator's mistake; none springs up with defaults.
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "partition_assignment_strategy": (CooperativeStickyAssignor,),
        "max_poll_interval_ms": POLL_INTERVAL_MS,
        "session_timeout_ms": SESSION_TIMEOUT_MS,
        "heartbeat_interval_ms": HEARTBEAT_MS,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
        "fetch_max_bytes": FETCH_BYTES,
    }
    with kafka_errors("connecting a consumer"):
        return _made(KafkaConsumer, settings | overrides)


def admin(topic: Topic, client: str) -> Any:
    """A client that makes and describes topics; raises LogUnavailable."""
    settings = _connection(topic, client)
    with kafka_errors("connecting an admin client"):
        return _made(KafkaAdminClient, settings)


def _made(kind: Callable[..., Any], settings: dict[str, Any]) -> Any:
    """A client that has reached a broker; of one that has not, nothing stays behind.

    kafka-python starts a thread before it connects, and leaves it running where that fails.
    """
    begun: list[Any] = []

    def begin(**given: Any) -> Any:
        begun.append(KafkaNetClient(**given))
        return begun[-1]

    try:
        return kind(**settings, kafka_client=begin)
    except BaseException:
        for one in begun:
            one.close()
        raise


def must_join(reader: KafkaConsumer) -> bool:
    """Whether the group waits for this member, or this member for the group."""
    if reader.config["group_id"] is None:
        return False
    return bool(reader._coordinator.need_rejoin() or reader._coordinator.rejoining)


def join(reader: KafkaConsumer) -> None:
    """Agree with the others of the group; before each poll, where that is due.

    What is agreed on between two polls is lost to kafka-python 3.0.12, which then joins again: a
    poll that is too short to see it happen never does.  And where the reason to join is gone
    before the answer comes, it forgets that it asked: it neither takes the answer nor tells the
    group that it lives, and goes on reading what is another's.
    """
    if must_join(reader):
        reader._coordinator.request_rejoin()
        reader._coordinator.ensure_active_group(timeout_ms=JOIN_MS)


def poll(reader: KafkaConsumer, timeout_ms: int, records: int) -> dict[Any, list[Any]]:
    """What a consumer of a group has next; where the group committed nothing, the beginning.

    Raises OffsetLost where the log no longer has what was committed last, LogUnavailable.
    """
    with kafka_errors("reading"):
        join(reader)
        try:
            found: dict[Any, list[Any]] = reader.poll(timeout_ms=timeout_ms, max_records=records)
        except NoOffsetForPartitionError as error:
            reader.seek_to_beginning(*error.args[0])
            return {}
    return found


def _connection(topic: Topic, client: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": list(topic.servers),
        "client_id": client,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "bootstrap_timeout_ms": BLOCK_MS,
        "reconnect_backoff_max_ms": RECONNECT_MAX_MS,
        **topic.security,
    }
