"""The three users of a deployment, with what the engine can enforce of their grants.

chDB refuses CREATE USER and GRANT, so each user's handles are bound by settings that the
engine itself holds: a reader's can write nothing, a writer's can change no table.  Finer
grants (which tables) are those of deploy/clickhouse and are not enforced here.
"""

from __future__ import annotations

from typing import NamedTuple


class User(NamedTuple):
    """A name, its password, and the settings that bind every handle of it, set last."""

    name: str
    password: str
    bounds: tuple[tuple[str, str], ...]


USERS = {
    user.name: user
    for user in (
        User("migrator", "migrates-for-tests", ()),
        User("writer", "writes-for-tests", (("allow_ddl", "0"),)),
        User("reader", "reads-for-tests", (("readonly", "2"),)),
    )
}
