"""What an operator watches: metrics and structured logs, without personal data.

Every metric is declared here with its kind and meaning; a test holds docs/operations.md to it.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CHATTY = ("kafka", "urllib3", "clickhouse_connect")
"""Each connection is news to them; what fails is told by whoever asked for it."""
COMMIT_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.events = Counter(
            "yiping_events", "Events answered at the doors", ["status"], registry=r
        )
        self.refusals = Counter(
            "yiping_refusals", "Events quarantined, by reason", ["code"], registry=r
        )
        self.commit_s = Histogram(
            "yiping_commit_seconds", "Durable commit of one group of events",
            buckets=COMMIT_BUCKETS_S, registry=r,
        )  # fmt: skip
        self.commit_events = Counter("yiping_commit_events", "Events made durable", registry=r)
        self.waiting = Gauge("yiping_waiting_events", "Events waiting for the writer", registry=r)
        self.turned_away = Counter("yiping_turned_away", "Requests answered 429", registry=r)
        self.door_messages = Counter(
            "yiping_door_messages", "Kafka messages answered at the door", ["outcome"], registry=r
        )
        self.door_lag = Gauge(
            "yiping_door_lag", "Kafka messages at the door that are not answered yet", registry=r
        )
        self.door_failures = Gauge(
            "yiping_door_failures", "Attempts of the Kafka door that failed in a row", registry=r
        )
        self.door_gaps = Counter(
            "yiping_door_gaps", "Times that retention took messages before they were read",
            registry=r,
        )  # fmt: skip
        self.relay_position = Gauge(
            "yiping_relay_position", "Position up to which a node was delivered to Kafka",
            ["node"], registry=r,
        )  # fmt: skip
        self.relay_lag_events = Gauge(
            "yiping_relay_lag_events", "Events of a node that Kafka does not have yet",
            ["node"], registry=r,
        )  # fmt: skip
        self.relay_failures = Gauge(
            "yiping_relay_failures", "Attempts to relay that failed in a row", registry=r
        )
        self.door_unreadable = Counter(
            "yiping_door_unreadable", "Records at the Kafka door that no client can read",
            registry=r,
        )  # fmt: skip
        self.projected = Gauge(
            "yiping_projected_events", "Events inserted into the views since the start", registry=r
        )
        self.projector_failures = Gauge(
            "yiping_projector_failures", "Attempts to reach the warehouse that failed in a row",
            registry=r,
        )  # fmt: skip
        self.set_aside = Gauge(
            "yiping_set_aside", "What stood on the log and is no record, since the start",
            registry=r,
        )  # fmt: skip
        self.log_holes = Gauge(
            "yiping_log_holes", "Partitions of which something was gone before it was read",
            registry=r,
        )  # fmt: skip
        self.log_offset = Gauge(
            "yiping_log_offset", "Where the views are in a partition of the log",
            ["partition"], registry=r,
        )  # fmt: skip
        self.log_lag = Gauge(
            "yiping_log_lag", "How far that is from the partition's end", ["partition"], registry=r
        )
        self.silent_nodes = Gauge(
            "yiping_silent_nodes", "Live nodes left out of the moment shown: no word from them",
            registry=r,
        )  # fmt: skip
        self.missing_rows = Counter(
            "yiping_missing_rows", "Times that the warehouse did not show all that it has taken in",
            registry=r,
        )  # fmt: skip
        self.lag_events = Gauge(
            "yiping_lag_events", "Events on the log that the views do not show yet", registry=r
        )
        self.lag_s = Gauge(
            "yiping_lag_seconds", "Age of the moment up to which the views are complete", registry=r
        )
        self.sockets = Gauge("yiping_sockets", "Open live sockets", registry=r)
        self.frames = Counter("yiping_frames", "Frames sent to live sockets", registry=r)
        self.slow_sockets = Counter(
            "yiping_slow_sockets", "Times that a socket was spared frames because it did not read",
            registry=r,
        )  # fmt: skip
        self.tick_s = Histogram(
            "yiping_tick_seconds", "One tick of live: query, render, send",
            buckets=COMMIT_BUCKETS_S, registry=r,
        )  # fmt: skip
        self.replays = Gauge("yiping_replays", "Replays under way", registry=r)
        self.replay_late_s = Histogram(
            "yiping_replay_late_seconds", "How long after it was due a step of a replay was sent",
            buckets=COMMIT_BUCKETS_S, registry=r,
        )  # fmt: skip
        self.level_differences = Counter(
            "yiping_level_differences", "Numbers held for live that the full query contradicted",
            registry=r,
        )  # fmt: skip

    def page(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self.registry)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            line.update(facts)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send the process's log to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    # kafka-python tells each step of each connection as information.
    logging.getLogger("kafka").setLevel(max(level, logging.WARNING))
