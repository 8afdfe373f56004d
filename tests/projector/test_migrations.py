"""Making the views stand as their files say."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.backbone.warehouse import Warehouse
from services.projector import migrations
from services.projector.migrations import Standing, apply, standing, state_of, steps
from services.projector.view_files import ViewFile, load, named
from tests.support.projecting import contents, insert, project
from tests.support.records import START, Recorder, province

FILES = load()
ENTRIES = [entry for entry, _ in zip(province(3), range(400), strict=False)]

Edit = Callable[[list[ViewFile]], None]


def changed(name: str, old: str, new: str) -> list[ViewFile]:
    """The project's files with one of them edited."""
    file = named(name, FILES)
    edited = replace(
        file,
        table=file.table and file.table.replace(old, new),
        select=file.select and file.select.replace(old, new),
        view=file.view and file.view.replace(old, new),
    )
    assert edited != file
    return [edited if f is file else f for f in FILES]


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Lets ``apply`` meet edited files."""

    def use(files: list[ViewFile]) -> None:
        monkeypatch.setattr(migrations, "load", lambda: files)

    return use


def test_the_plan_of_an_empty_database_makes_everything() -> None:
    """Tables, their feeds, and the plain views, ``events`` first."""
    planned = steps(FILES, Standing(frozenset(), {}))

    assert [step.view.name for step in planned] == [file.name for file in FILES]
    assert planned[0].view.name == "events"
    assert {step.action for step in planned} == {"create", "replace"}


def test_what_stands_needs_no_plan(own_warehouse: Warehouse) -> None:
    """After ``apply`` there is nothing to do."""
    held = standing(own_warehouse)

    assert steps(FILES, held) == []
    assert {state_of(file, held) for file in FILES} == {"applied"}
    assert apply(own_warehouse) == []


def test_the_plan_of_a_rebuild_is_what_it_runs() -> None:
    """Beside the old table, change of places, tidying: all of it can be read before."""
    held = Standing(
        frozenset(f.name for f in FILES) | {f.feed for f in FILES},
        {f.name: f.digest if f.name != "flows" else "another" for f in FILES},
    )
    (step,) = steps(FILES, held)

    assert step.action == "rebuild"
    assert step.fills
    assert [s.split("\n")[0] for s in step.statements] == [
        "DROP VIEW IF EXISTS flows_next_feed SYNC",
        "DROP TABLE IF EXISTS flows_next SYNC",
        "CREATE TABLE IF NOT EXISTS flows_next",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS flows_next_feed TO flows_next AS",
        "DROP VIEW IF EXISTS flows_feed SYNC",
        "EXCHANGE TABLES flows AND flows_next",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS flows_feed TO flows AS",
        "DROP VIEW IF EXISTS flows_next_feed SYNC",
        "DROP TABLE IF EXISTS flows_next SYNC",
        "TRUNCATE TABLE IF EXISTS keyframes SYNC",
    ]


def test_planning_changes_nothing(empty_warehouse: Warehouse) -> None:
    """A plan is only read off."""
    steps(FILES, standing(empty_warehouse))

    assert standing(empty_warehouse) == Standing(frozenset(), {})


def test_a_new_view_is_filled_from_events(own_warehouse: Warehouse) -> None:
    """A view that was not there gets what came before it, and what comes after."""
    insert(own_warehouse, ENTRIES[:200])
    expected = contents(own_warehouse, "flows")
    own_warehouse.command("DROP VIEW flows_feed SYNC")
    own_warehouse.command("DROP TABLE flows SYNC")

    assert [(s.action, s.view.name) for s in apply(own_warehouse)] == [("create", "flows")]
    assert contents(own_warehouse, "flows") == expected
    insert(own_warehouse, ENTRIES[200:])
    assert len(contents(own_warehouse, "flows")) > len(expected)


def test_a_lost_feed_is_followed_and_filled(own_warehouse: Warehouse) -> None:
    """What came while a feed was missing is filled in."""
    insert(own_warehouse, ENTRIES[:200])
    own_warehouse.command("DROP VIEW states_feed SYNC")
    insert(own_warehouse, ENTRIES[200:])

    assert [(s.action, s.view.name) for s in apply(own_warehouse)] == [("follow", "states")]
    assert own_warehouse.rows("SELECT count() FROM states FINAL") == [(400,)]


def test_a_changed_view_is_rebuilt(own_warehouse: Warehouse, edit: Edit) -> None:
    """New SQL means a new table; what the log said stands in it."""
    insert(own_warehouse, ENTRIES)
    edit(changed("arrivals", "sender,", "concat(sender, '!') AS sender,"))

    assert [(s.action, s.view.name) for s in apply(own_warehouse)] == [("rebuild", "arrivals")]
    assert own_warehouse.rows(
        "SELECT count(), countIf(endsWith(sender, '!')) FROM arrivals FINAL"
    ) == [(400, 400)]
    assert apply(own_warehouse) == []


def test_a_changed_plain_view_is_replaced(own_warehouse: Warehouse, edit: Edit) -> None:
    """A plain view holds nothing and is just made anew."""
    edit(changed("place", "shown.zone AS zone", "upper(shown.zone) AS zone"))

    assert [(s.action, s.view.name) for s in apply(own_warehouse)] == [("replace", "place")]


def test_what_the_projector_writes_is_made_from_nothing(
    own_warehouse: Warehouse, edit: Edit
) -> None:
    """Keyframes of another form go, and are summed up again at the next start."""
    project(own_warehouse, ENTRIES)
    edit(changed("keyframes", "level   Int64", "level   Int128"))

    assert [(s.action, s.view.name) for s in apply(own_warehouse)] == [("recreate", "keyframes")]


def test_another_form_of_events_reads_the_log_again(own_warehouse: Warehouse, edit: Edit) -> None:
    """All goes, checkpoints too, so that the projector begins at the start of the log."""
    project(own_warehouse, ENTRIES)
    edit(changed("events", "missing     UInt32", "missing     UInt64"))
    done = apply(own_warehouse)

    assert done[0].action == "reset"
    assert own_warehouse.rows("SELECT count() FROM events") == [(0,)]
    assert own_warehouse.rows("SELECT count() FROM checkpoints") == [(0,)]
    assert own_warehouse.rows("SELECT count() FROM flows") == [(0,)]
    project(own_warehouse, ENTRIES)
    assert own_warehouse.rows("SELECT count() FROM events FINAL") == [(400,)]
    assert apply(own_warehouse) == []


def test_apply_can_be_broken_off_anywhere(empty_warehouse: Warehouse) -> None:
    """After any number of its statements, beginning again gives the same."""
    entries = ENTRIES[:50]
    statements = [s for step in steps(FILES, standing(empty_warehouse)) for s in step.statements]
    for upto in range(0, len(statements), 4):
        empty_warehouse.command(f"DROP DATABASE {empty_warehouse.database} SYNC")
        empty_warehouse.command(f"CREATE DATABASE {empty_warehouse.database}")
        empty_warehouse.command(f"USE {empty_warehouse.database}")
        for statement in statements[:upto]:
            empty_warehouse.command(statement)
        apply(empty_warehouse)
        insert(empty_warehouse, entries)
        assert empty_warehouse.rows("SELECT count() FROM arrivals") == [(50,)]
        assert apply(empty_warehouse) == []


def test_a_record_with_a_new_field_is_taken_in(own_warehouse: Warehouse) -> None:
    """A newer writer's field does not stop an older projector."""
    recorder = Recorder()
    entry = recorder.record(
        "person.admitted",
        {"person_no": "R1"},
        id_="1",
        sender="350203000000",
        occurred_at=START,
        received_at=START,
    )
    insert(own_warehouse, [entry._replace(body=entry.body[:-1] + b',"newer":{"a":[1]}}')])

    assert own_warehouse.rows("SELECT id FROM person") == [("R1",)]
