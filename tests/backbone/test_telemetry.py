"""Telemetry: metrics of one process, and a log of one JSON object a line."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from services.backbone.telemetry import Metrics, log_to_stderr


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_stderr()
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(lines: io.StringIO) -> list[dict[str, Any]]:
    """Each line as an object."""
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_log_is_one_object_a_line(lines: io.StringIO) -> None:
    """Also where a message has several lines."""
    logging.getLogger("yiping.test").warning("a %s\nb", "x", extra={"facts": {"events": 7}})

    (line,) = logged(lines)
    assert (line["level"], line["logger"], line["message"]) == ("warning", "yiping.test", "a x\nb")
    assert line["events"] == 7
    assert line["at"].endswith("+00:00")


def test_an_exception_is_logged_with_its_place(lines: io.StringIO) -> None:
    """Whoever looks into it finds the line."""
    try:
        raise ValueError("what")
    except ValueError:
        logging.getLogger("yiping.test").exception("it failed")

    assert "test_telemetry.py" in logged(lines)[0]["exception"]


def test_what_is_below_the_level_is_not_logged(lines: io.StringIO) -> None:
    """Debugging is not for production."""
    logging.getLogger("yiping.test").debug("nothing")

    assert logged(lines) == []


def test_each_process_has_metrics_of_its_own() -> None:
    """Two in one process, as in tests, do not add up."""
    one, other = Metrics(), Metrics()
    one.events.labels("accepted").inc(3)

    assert b'yiping_events_total{status="accepted"} 3.0' in one.page()
    assert b"accepted" not in other.page()
