"""Filling and rebuilding views."""

from itertools import islice

import pytest

from services.backbone.warehouse import Warehouse
from services.projector import fills
from services.projector import rebuild as rebuilding
from services.projector.rebuild import Range, chunks, fill, heads, rebuild
from services.projector.view_files import load, named
from tests.support.projecting import FILLED, contents, insert, project
from tests.support.records import province

ENTRIES = list(islice(province(4), 600))


def test_chunks_cover_each_node_once() -> None:
    """Ranges touch, and end at the head."""
    assert chunks({"main": 10}, {"main": 25, "load-a": 3}, 10) == [
        Range("load-a", 0, 3),
        Range("main", 10, 20),
        Range("main", 20, 25),
    ]


def test_chunks_of_what_is_complete_are_none() -> None:
    """Nothing to fill is no range."""
    assert chunks({"main": 25}, {"main": 25}, 10) == []


@pytest.mark.parametrize("name", FILLED)
def test_a_rebuilt_table_equals_the_one_before(
    warehouse: Warehouse, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same select gives the same rows, in chunks as in inserts; and the feed goes on."""
    monkeypatch.setattr(rebuilding, "CHUNK_POSITIONS", 70)
    insert(warehouse, ENTRIES[:500])
    before = contents(warehouse, name)
    heard: list[tuple[str, int, int]] = []
    rebuild(warehouse, named(name, load()), lambda *progress: heard.append(progress))

    assert contents(warehouse, name) == before
    assert heard[-1] == (name, 500, 500)
    assert [done for _, done, _ in heard] == [70, 140, 210, 280, 350, 420, 490, 500]
    insert(warehouse, ENTRIES[500:])
    assert len(contents(warehouse, name)) > len(before)


def test_a_rebuild_mends_what_was_lost(warehouse: Warehouse) -> None:
    """Rows that are gone come back, rows that are wrong go."""
    insert(warehouse, ENTRIES)
    right = contents(warehouse, "things")
    warehouse.command("ALTER TABLE things DELETE WHERE id LIKE '%7' SETTINGS mutations_sync = 2")
    warehouse.command(
        "ALTER TABLE things UPDATE status = 'wrong' WHERE 1 SETTINGS mutations_sync = 2"
    )
    assert contents(warehouse, "things") != right
    rebuild(warehouse, named("things", load()))

    assert contents(warehouse, "things") == right


def test_nothing_is_left_beside(warehouse: Warehouse) -> None:
    """After a rebuild the same tables stand as before."""
    tables = warehouse.rows("SHOW TABLES")
    rebuild(warehouse, named("links", load()))

    assert warehouse.rows("SHOW TABLES") == tables


def test_what_a_broken_rebuild_left_does_no_harm(warehouse: Warehouse) -> None:
    """A half-filled table of an earlier attempt is thrown away."""
    view = named("arrivals", load())
    insert(warehouse, ENTRIES)
    right = contents(warehouse, "arrivals")
    warehouse.command(view.create("arrivals_next"))
    warehouse.command(view.follow("arrivals_next"))
    warehouse.command("INSERT INTO arrivals_next (sender, position) VALUES ('wrong', 1)")
    rebuild(warehouse, view)

    assert contents(warehouse, "arrivals") == right


class BrokenOff(Exception):
    """The job ends here, as if it were killed."""


def test_a_rebuild_that_was_broken_off_goes_on(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was filled is not filled again; what came in between stands too."""
    monkeypatch.setattr(rebuilding, "CHUNK_POSITIONS", 70)
    view = named("states", load())
    insert(warehouse, ENTRIES[:500])

    def third(_view: str, done: int, _total: int) -> None:
        if done == 210:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        rebuild(warehouse, view, third)
    insert(warehouse, ENTRIES[500:])
    heard: list[int] = []
    rebuild(warehouse, view, lambda _view, done, _total: heard.append(done))

    assert heard == [280, 350, 420, 490, 560, 600]
    assert warehouse.rows("SELECT count(), max(position) FROM states FINAL") == [(600, 600)]
    assert warehouse.rows("SELECT count() FROM fills") == [(0,)]


def test_another_form_of_the_view_begins_anew(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was filled for the form of before is thrown away."""
    monkeypatch.setattr(rebuilding, "CHUNK_POSITIONS", 70)
    view = named("arrivals", load())
    insert(warehouse, ENTRIES)
    right = contents(warehouse, "arrivals")
    warehouse.command(view.create("arrivals_next"))
    warehouse.command(view.follow("arrivals_next"))
    fills.begin(warehouse, "arrivals_next", "of-before")
    fills.note(warehouse, "arrivals_next", "of-before", "main", 600)
    heard: list[int] = []
    rebuild(warehouse, view, lambda _view, done, _total: heard.append(done))

    assert heard[0] == 70
    assert contents(warehouse, "arrivals") == right


def test_tables_that_changed_places_are_not_filled_on(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off after that, a rebuild begins again: what lies beside is the old table."""
    view = named("arrivals", load())
    insert(warehouse, ENTRIES)
    right = contents(warehouse, "arrivals")
    warehouse.command("INSERT INTO arrivals (sender, position) VALUES ('wrong', 1)")
    command = warehouse.command

    def until_exchanged(statement: str, *rest: object, **more: object) -> object:
        answer = command(statement, *rest, **more)  # type: ignore[arg-type]  # passed on
        if statement.startswith("EXCHANGE"):
            raise BrokenOff
        return answer

    with monkeypatch.context() as killed:
        killed.setattr(warehouse, "command", until_exchanged)
        with pytest.raises(BrokenOff):
            rebuild(warehouse, view)
    rebuild(warehouse, view)

    assert contents(warehouse, "arrivals") == right


def test_what_comes_in_meanwhile_is_not_lost(warehouse: Warehouse) -> None:
    """Blocks inserted while a rebuild runs stand in the new table."""
    view = named("states", load())
    insert(warehouse, ENTRIES[:300])
    coming = iter([ENTRIES[300:400], ENTRIES[400:]])

    def meanwhile(*_progress: object) -> None:
        for block in islice(coming, 1):
            insert(warehouse, block)

    rebuild(warehouse, view, meanwhile)
    for block in coming:
        insert(warehouse, block)

    assert warehouse.rows("SELECT count() FROM states FINAL") == [(600,)]


def test_a_fill_can_begin_later(warehouse: Warehouse) -> None:
    """Only what follows the given positions is filled in."""
    insert(warehouse, ENTRIES)
    warehouse.command("TRUNCATE TABLE arrivals")
    fill(warehouse, named("arrivals", load()), "arrivals", after={"main": 590})

    assert warehouse.rows("SELECT count() FROM arrivals FINAL") == [(10,)]
    assert heads(warehouse) == {"main": 600}


def test_rebuilt_flows_take_the_keyframes_with_them(warehouse: Warehouse) -> None:
    """Levels are summed up again at the next start, from the new flows."""
    days = list(islice(province(4, per_day=200), 600))
    project(warehouse, days)
    before = contents(warehouse, "keyframes")
    rebuild(warehouse, named("flows", load()))
    assert contents(warehouse, "keyframes") == []
    project(warehouse, days)

    assert contents(warehouse, "keyframes") == before
    assert before
