"""An operator's commands on an event store in PostgreSQL, whoever serves it meanwhile."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from services import maintenance
from tests.support.events import PROVINCE, batch, event
from tests.support.ingest import settings_in
from tests.support.server import Server


def test_a_store_in_postgresql_is_verified_and_checked(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every view equals the fold of it; what was altered in it is named."""
    data = tmp_path / "data"
    settings = settings_in(data, event_store=database)
    events = [event("person.admitted", f"{n}", subject=f"R{n}") for n in range(20)]
    with Server(data, environment={"YIPING_EVENT_STORE": database}) as server:
        server.post(server.token(PROVINCE, "centre"), batch(events))
        assert maintenance.verify(settings) == 0

    assert maintenance.verify(settings) == 0
    assert maintenance.views(settings, "check", None) == 0
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE events_main SET state = overlay(state placing 'x' from 30)"
            " WHERE notification_id = 7"
        )

    assert maintenance.verify(settings) == 1
    assert "altered: main 7 person/R6 1" in capsys.readouterr().out
