"""deploy/README.md: what it tells an operator to run, to look at and to touch is there."""

from __future__ import annotations

import re
import shlex

import pytest

from services.__main__ import parser
from services.backbone.telemetry import Metrics
from tests.deploy.composition import DEPLOY, SERVICES

PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
BY_HAND = sorted(
    {match.strip() for match in re.findall(r"run --rm operator ((?:[A-Za-z0-9-]+ ?)+)", PAGE)}
)
NUMBERED = re.findall(r"^\| ([VC]\d+a?) \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("words", BY_HAND)
def test_a_command_by_hand_is_one(words: str) -> None:
    """As the operator's container runs it."""
    assert callable(parser().parse_args(shlex.split(words)).run)


def test_every_service_that_is_named_is_there() -> None:
    """And each that is there is named, so that nobody meets one unprepared."""
    named = set(
        re.findall(r"\b((?:kafka|keeper|clickhouse|ingest|project|dashboard)-[\d-]+)", PAGE)
    )
    told = set(re.findall(r"`([a-z]+)`", PAGE))

    assert named <= set(SERVICES)
    assert {name for name in SERVICES if "-" not in name} - {"simulator"} <= told


def test_every_metric_that_is_named_is_there() -> None:
    """An alert on a metric that does not exist never wakes anybody."""
    known = {metric.name for metric in Metrics().registry.collect()}
    named = {name.removesuffix("_total") for name in re.findall(r"`(yiping_[a-z_]+)", PAGE)}

    assert named
    assert named <= known


def test_checks_are_numbered() -> None:
    """In order, each with what to do, its command and what has to come."""
    names = [name for name, _ in NUMBERED]
    plain = [name for name in names if not name.endswith("a")]

    assert plain == [f"V{n}" for n in range(1, 10)] + [f"C{n}" for n in range(1, 21)]
    assert [name for name, text in NUMBERED if " | " not in text] == []


def test_every_file_that_is_named_is_there() -> None:
    """Below deploy/, but for the secrets, which an operator makes."""
    named = set(re.findall(r"deploy/([a-z./]+[a-z])", PAGE))

    missing = {name for name in named if not (DEPLOY / name).exists()}
    assert {name for name in missing if name != ".env" and not name.startswith("secrets")} == set()
