"""docs/operations.md names all that there is to run, to set and to watch, and nothing else."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from services.__main__ import parser
from services.backbone.identity import ROLES
from services.backbone.settings import from_environment
from services.backbone.telemetry import Metrics

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
SUFFIX = {"counter": "_total"}


def first_cells() -> set[str]:
    """What the page's tables are about: the code in the first cell of each row."""
    rows = re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([^`]+)`", row)}


def commands(
    of: argparse.ArgumentParser, name: str = "yiping"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, by its whole name."""
    inner = [a for a in of._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield name, of
    for action in inner:
        for word, command in action.choices.items():
            yield from commands(command, f"{name} {word}")


def test_every_command_is_documented() -> None:
    """Each by its whole name, and none that isn't there."""
    told = {cell for cell in first_cells() if cell.startswith("yiping ")}

    assert told == {name for name, _ in commands(parser())}


def test_every_setting_is_documented() -> None:
    """Every YIPING_* variable that the code reads."""
    read = {
        name
        for path in (ROOT / "services").rglob("*.py")
        for name in re.findall(r"\bYIPING_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }

    assert {cell for cell in first_cells() if cell.startswith("YIPING_")} == read


def test_the_defaults_are_those_of_the_code() -> None:
    """What the page says holds without any variable."""
    settings = from_environment(Path("/DATA"), {})

    for name, value in (
        ("YIPING_EVENT_STORE", settings.event_store.replace("//DATA", "/DATA")),
        ("YIPING_LOG", settings.log),
        ("YIPING_WAREHOUSE", settings.warehouse.replace("//DATA", "/DATA")),
        ("YIPING_ZONE", settings.calendar_zone),
        ("YIPING_QUEUE_EVENTS", str(settings.queue_events)),
        ("YIPING_BODY_BYTES", str(settings.body_bytes)),
        ("YIPING_LATE_S", str(settings.late_s)),
        ("YIPING_SILENT_S", str(settings.silent_s)),
    ):
        (default,) = re.findall(rf"^\| `{name}` \| `?([^`|]+?)`? \|", PAGE, re.MULTILINE)
        assert default.replace("///DATA", "//DATA") == value.replace("///DATA", "//DATA")


def test_every_metric_is_documented() -> None:
    """By the name that Prometheus sees."""
    names = {metric.name + SUFFIX.get(metric.type, "") for metric in Metrics().registry.collect()}

    told = {cell.partition("{")[0] for cell in first_cells() if cell.startswith("yiping_")}
    assert told == names


def test_every_role_is_documented() -> None:
    """Whoever issues a token finds what it may do."""
    assert set(ROLES) <= first_cells()
