"""Settings in files: what holds a password need not stand in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.backbone.errors import SettingInvalid
from services.backbone.secret_files import IN_FILES, with_files
from services.backbone.settings import Settings, from_environment


@pytest.mark.parametrize("name", IN_FILES)
def test_a_file_holds_a_setting(name: str, tmp_path: Path) -> None:
    """Its last newline, which every editor leaves, is no part of it."""
    file = tmp_path / "dsn"
    file.write_text("scheme://user:secret@host/name\n")

    assert with_files({f"{name}_FILE": str(file)}) == {name: "scheme://user:secret@host/name"}


def test_every_setting_of_a_file_is_one_that_is_read(tmp_path: Path) -> None:
    """Each of them reaches the settings in force."""
    file = tmp_path / "dsn"
    file.write_text("postgresql://user:secret@host/name")

    settings = from_environment(tmp_path, {f"{name}_FILE": str(file) for name in IN_FILES})

    fields = [name.removeprefix("YIPING_").lower() for name in IN_FILES]
    assert set(fields) <= set(Settings.__struct_fields__)
    assert {getattr(settings, field) for field in fields} == {file.read_text()}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A cluster that fell back to the embedded default would take facts that nobody sees."""
    with pytest.raises(SettingInvalid, match="YIPING_LOG_FILE"):
        with_files({"YIPING_LOG_FILE": str(tmp_path / "nothing")})


def test_a_setting_stands_in_one_place() -> None:
    """Of two values nobody knows which holds."""
    with pytest.raises(SettingInvalid, match="YIPING_LOG is set too"):
        with_files({"YIPING_LOG": "store:", "YIPING_LOG_FILE": "/run/secrets/log"})


def test_what_is_refused_is_told_without_its_password() -> None:
    """The message ends in a log."""
    told = str(SettingInvalid("YIPING_LOG", "kafka://relay:h:o/m@e@broker:9092", "a topic"))

    assert "h:o/m" not in told
    assert "kafka://relay:…@broker:9092" in told
