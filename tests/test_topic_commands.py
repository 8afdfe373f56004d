"""``yiping topics``: what it says it would do is what it does, and then there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.__main__ import main
from tests.support.kafka import Kafka


@pytest.fixture
def log(kafka: Kafka, names: Iterator[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a log's topic that is not there, in the settings with a door's."""
    number = next(names)
    name = f"enforcement.events.commands-{number}"
    door = f"{kafka.dsn(f'centre.events.{number}')}?receipts=centre.receipts.{number}"
    monkeypatch.setenv("YIPING_LOG", kafka.dsn(name))
    monkeypatch.setenv("YIPING_DOOR", door)
    return name


def test_plan_names_each_topic_and_makes_none(
    log: str, kafka: Kafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log's topic, the door's and the receipts' are missing, before and after a plan."""
    for _ in range(2):
        assert main(["topics", "plan", "--data", str(tmp_path)]) == 0

        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if line.startswith(f"{log}: is missing")]
        assert len(lines) == 3


def test_nothing_is_left_to_do_after_apply(
    log: str, kafka: Kafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Apply makes all three; a plan afterwards is empty."""
    assert main(["topics", "apply", "--data", str(tmp_path)]) == 0
    assert set(kafka.leaders(log).values()) == {1}
    capsys.readouterr()

    assert main(["topics", "plan", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_settings_that_name_no_topic_are_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the embedded mode there are no topics: one line says which setting names them."""
    monkeypatch.delenv("YIPING_LOG", raising=False)

    assert main(["topics", "plan", "--data", str(tmp_path)]) == 2
    assert "YIPING_LOG" in capsys.readouterr().err
