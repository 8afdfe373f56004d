"""Settings: embedded defaults below one folder, each of them to be set otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.backbone.errors import SettingInvalid
from services.backbone.settings import from_environment


def test_the_defaults_lie_below_one_folder() -> None:
    """Nothing has to be set to run on one machine."""
    settings = from_environment(Path("/data"), {})

    assert settings.data == Path("/data")
    assert settings.sqlite_path == Path("/data/events.sqlite")
    assert (settings.log, settings.warehouse) == ("store:", "chdb:////data/views")
    assert (settings.organisations, settings.map) == (None, None)
    assert settings.calendar_zone == "Asia/Shanghai"
    assert not settings.demo


def test_the_folder_of_the_command_goes_before_the_variable(tmp_path: Path) -> None:
    """--data is nearer to whoever runs it."""
    environment = {"YIPING_DATA": "/elsewhere"}

    assert from_environment(tmp_path, environment).data == tmp_path
    assert from_environment(None, environment).data == Path("/elsewhere")


@pytest.mark.parametrize("environment", [{}, {"YIPING_DATA": ""}])
def test_without_a_folder_there_is_one_here(environment: dict[str, str]) -> None:
    """An empty variable is as good as none."""
    assert from_environment(None, environment).data == Path.cwd() / "yiping-data"


def test_a_relative_folder_is_made_absolute() -> None:
    """So that it stays the same wherever a part of the process looks from."""
    assert from_environment(Path("here"), {}).data == Path.cwd() / "here"


def test_each_part_can_be_elsewhere(tmp_path: Path) -> None:
    """A variable for each."""
    organisations = tmp_path / "organisations.csv"
    organisations.touch()
    settings = from_environment(
        tmp_path,
        {
            "YIPING_EVENT_STORE": "sqlite:////fast/events.sqlite",
            "YIPING_LOG": "kafka://broker:9092",
            "YIPING_WAREHOUSE": "clickhouse://user:pw@host:8123/yiping",
            "YIPING_ORGANISATIONS": str(organisations),
            "YIPING_MAP": str(organisations),
            "YIPING_ZONE": "America/New_York",
            "YIPING_QUEUE_EVENTS": "7",
            "YIPING_BODY_BYTES": "8",
            "YIPING_LATE_S": "60",
            "YIPING_SILENT_S": "180",
            "YIPING_ORIGINS": "https://wall.example https://other.example",
        },
    )

    assert settings.sqlite_path == Path("/fast/events.sqlite")
    assert settings.log == "kafka://broker:9092"
    assert settings.warehouse == "clickhouse://user:pw@host:8123/yiping"
    assert settings.organisations == settings.map == organisations
    assert settings.calendar_zone == "America/New_York"
    assert (settings.queue_events, settings.body_bytes) == (7, 8)
    assert (settings.late_s, settings.silent_s) == (60, 180)
    assert settings.origins == ("https://wall.example", "https://other.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YIPING_ORGANISATIONS", "/nowhere.csv"),
        ("YIPING_MAP", "/"),
        ("YIPING_ZONE", "Mars/Olympus"),
        ("YIPING_ZONE", "../etc/passwd"),
        ("YIPING_QUEUE_EVENTS", "many"),
        ("YIPING_QUEUE_EVENTS", "0"),
        ("YIPING_QUEUE_EVENTS", "-1"),
        ("YIPING_BODY_BYTES", "1.5"),
        ("YIPING_LATE_S", "soon"),
        ("YIPING_SILENT_S", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    """At the start, with its value and what was expected."""
    with pytest.raises(SettingInvalid) as caught:
        from_environment(Path("/data"), {name: value})

    assert (caught.value.name, caught.value.value) == (name, value)
    assert name in str(caught.value)


def test_an_event_store_of_another_kind_is_named() -> None:
    """Whatever the embedded mode cannot open is said, not guessed."""
    settings = from_environment(Path("/data"), {"YIPING_EVENT_STORE": "mysql://host/db"})

    with pytest.raises(SettingInvalid, match="sqlite:///FILE"):
        _ = settings.sqlite_path
