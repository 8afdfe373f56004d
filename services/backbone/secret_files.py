"""Settings that lie in files: a DSN with its password need not stand in the environment.

A process's environment is read by whoever inspects its container; a file mounted into it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.backbone.errors import SettingInvalid

IN_FILES = (
    "YIPING_EVENT_STORE",
    "YIPING_VAULT",
    "YIPING_LOG",
    "YIPING_DOOR",
    "YIPING_WAREHOUSE",
)
"""What may hold a password: each may be given as NAME_FILE, the file that holds its value."""


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the content of each NAME_FILE as NAME.

    Raises SettingInvalid for a file that cannot be read, and where both are given.
    """
    whole = dict(environment)
    for name in IN_FILES:
        file = whole.pop(f"{name}_FILE", "")
        if not file:
            continue
        if whole.get(name):
            raise SettingInvalid(f"{name}_FILE", file, f"nothing, as {name} is set too")
        try:
            whole[name] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingInvalid(f"{name}_FILE", file, "a file of text that is there") from None
    return whole
