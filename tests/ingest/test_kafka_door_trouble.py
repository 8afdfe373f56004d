"""The Kafka door in trouble, on a real broker: nothing acknowledged, lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from services.backbone import broker
from services.backbone.sqlite_store import SQLiteEventStore
from services.ingest.admission import Admissible
from services.ingest.arrivals import Answer, Arrival
from services.ingest.receipts import Place
from tests.support.centres import Centres, results
from tests.support.events import batch, event
from tests.support.faults import full_disk, refused_writes
from tests.support.ingest import Served, arrival, post, settings_in
from tests.support.kafka import Kafka

LONG = {"evidence": ["x" * 400] * 20}


@pytest.fixture
def centres(kafka: Kafka, names: Iterator[str]) -> Iterator[Centres]:
    """Topics of the test's own."""
    with Centres(kafka, f"trouble-{next(names)}", 2) as centres:
        yield centres


def serving(folder: Path, centres: Centres, **settings: str) -> Served:
    """A server that reads them."""
    return Served(settings_in(folder, **centres.settings, **settings))


def statuses(centres: Centres, place: Place) -> list[str]:
    """What the events of one message were answered."""
    return [one["status"] for one in results(centres.answers(place))]


def failures(served: Served) -> float:
    """Attempts of the door that failed in a row."""
    return served.metric("yiping_door_failures")


def taken(served: Served, node: str) -> int:
    """How many events stand in its log."""
    head = served.ingest.store.heads().get(node)
    return head.position if head else 0


def test_a_full_disk_acknowledges_nothing(centres: Centres, tmp_path: Path) -> None:
    """While it lasts the messages wait, and the door stays in its group; then they are accepted."""
    with serving(tmp_path, centres) as served:
        token = served.token()
        first = centres.publish(batch([event(id_="0")]), token, partition=0)
        assert statuses(centres, first) == ["accepted"]
        store = served.ingest.store
        assert isinstance(store, SQLiteEventStore)
        with full_disk(store):
            body = batch(event(id_=f"n{n}", data=LONG) for n in range(100))
            waiting = [centres.publish(body, token, partition=p) for p in (0, 1)]
            centres.hear(lambda: failures(served) >= 3)
            assert len(centres.heard) == 1
            assert centres.committed() == {0: 1}
            assert taken(served, centres.node) == 1
            assert len(members(centres)) == 1

        assert sorted(statuses(centres, waiting[0]) + statuses(centres, waiting[1])) == (
            ["accepted"] * 100 + ["duplicate"] * 100
        )
        centres.hear(lambda: failures(served) == 0)
        centres.hear(lambda: centres.committed() == {0: 2, 1: 1})


def members(centres: Centres) -> Sequence[Any]:
    """Who is in the door's group."""
    with closing(centres.kafka.admin()) as admin:
        described = admin.describe_groups([centres.group])[centres.group]
    found: Sequence[Any] = described["members"]
    return found


def test_a_store_that_cannot_write_acknowledges_nothing(centres: Centres, tmp_path: Path) -> None:
    """The same where the kernel refuses to write."""
    with serving(tmp_path, centres) as served:
        token = served.token()
        assert statuses(centres, centres.publish(batch([event(id_="0")]), token)) == ["accepted"]
        with refused_writes(tmp_path / "events.sqlite-wal"):
            body = batch(event(id_=f"n{n}", data=LONG) for n in range(50))
            place = centres.publish(body, token)
            centres.hear(lambda: failures(served) >= 2)
            assert len(centres.heard) == 1

        assert statuses(centres, place) == ["accepted"] * 50


def test_a_full_queue_lets_messages_wait(centres: Centres, tmp_path: Path) -> None:
    """What HTTP would answer 429 waits on its topic."""
    with serving(tmp_path, centres, queue_events="1") as served, served.client() as client:
        writer = served.ingest.writer
        with writer._recording:
            stuck = writer.submit([arrival(b"nothing")])
            place = centres.publish(batch([event(id_="late")]), served.token())
            centres.hear(lambda: failures(served) >= 2)
            assert not stuck.done()
            assert centres.heard == []

        assert statuses(centres, place) == ["accepted"]
        assert stuck.result(20)[0].status == "quarantined"
        assert results_of(client, event(id_="late")) == ["duplicate"]


def results_of(client: Any, one: dict[str, Any]) -> list[str]:
    """What HTTP answers of the same event."""
    return [r["status"] for r in post(client, batch([one])).json()["results"]]


def test_receipts_that_cannot_be_sent_are_sent_later(
    kafka: Kafka, names: Iterator[str], tmp_path: Path
) -> None:
    """The events stand meanwhile; the offsets are committed when the receipts are delivered."""
    with Centres(kafka, f"mute-{next(names)}", 1) as centres:
        with closing(kafka.admin()) as admin:
            admin.delete_topics([centres.receipts])
        with serving(tmp_path, centres) as served:
            centres.publish(batch([event(id_="1")]), served.token())
            centres.hear(lambda: failures(served) >= 2)
            assert taken(served, centres.node) == 1
            assert centres.committed() == {}

            kafka.create_topic(centres.receipts, 1)
            centres.hear(lambda: centres.committed() == {0: 1})
            centres.hear(lambda: bool(centres.heard))
    assert [a.status for _, r in centres.heard for a in r.results] == ["accepted"]


def test_a_restart_reads_on(centres: Centres, tmp_path: Path) -> None:
    """What came meanwhile is taken in; what was answered is not read again."""
    with serving(tmp_path, centres) as served:
        token = served.token()
        first = centres.publish(batch([event(id_="1")]), token, partition=0)
        assert statuses(centres, first) == ["accepted"]
    second = centres.publish(batch([event(id_="1"), event(id_="2")]), token, partition=0)
    with serving(tmp_path, centres) as served:
        assert statuses(centres, second) == ["duplicate", "accepted"]
        assert taken(served, centres.node) == 2
    assert centres.committed() == {0: 2}
    assert len(centres.heard) == 2


def test_what_was_not_committed_is_at_an_orderly_end(
    centres: Centres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that was away for a moment makes nobody hear an answer twice."""
    commit, refused = KafkaConsumer.commit, [KafkaTimeoutError()]

    def once_refused(consumer: KafkaConsumer, *given: Any, **named: Any) -> Any:
        if refused:
            raise refused.pop()
        return commit(consumer, *given, **named)

    monkeypatch.setattr(KafkaConsumer, "commit", once_refused)
    with serving(tmp_path, centres) as served:
        published = centres.publish(batch([event(id_="1")]), served.token(), partition=0)
        assert statuses(centres, published) == ["accepted"]
        assert centres.committed() == {}

    assert centres.committed() == {0: 1}


def test_stopping_answers_what_is_being_recorded(centres: Centres, tmp_path: Path) -> None:
    """An orderly end leaves nothing recorded without a receipt."""
    with serving(tmp_path, centres) as served:
        token = served.token()
        centres.publish(batch([event(id_="0")]), token)
        centres.hear(lambda: len(centres.heard) == 1)
        for n in range(40):
            centres.publish(batch([event(id_=f"s{n}")]), token)
        recorded = taken(served, centres.node)
    with closing(SQLiteEventStore(tmp_path / "events.sqlite", write=False)) as store:
        standing = store.heads()[centres.node].position

    assert standing >= recorded
    centres.hear(lambda: len(ids(centres)) >= standing)
    assert len(ids(centres)) == len(set(ids(centres))) == standing
    assert sum(centres.committed().values()) == standing


def ids(centres: Centres) -> list[str | None]:
    """Ids of all events that were told accepted, each time."""
    return [a.id for _, r in centres.heard for a in r.results if a.status == "accepted"]


def test_a_rebalance_doubles_nothing(centres: Centres, tmp_path: Path) -> None:
    """Another member takes partitions and leaves again while messages come."""
    requests = broker.parse("TEST", centres.kafka.dsn(centres.messages))
    with serving(tmp_path, centres) as served:
        token = served.token()
        places = [centres.publish(batch([event(id_=f"a{n}")]), token) for n in range(60)]
        centres.hear(lambda: len(centres.heard) > 10)
        with closing(broker.consumer(requests, "other", centres.group)) as other:
            other.subscribe([centres.messages])
            places += [centres.publish(batch([event(id_=f"b{n}")]), token) for n in range(60)]
            centres.hear(lambda: _polled(other))
            places += [centres.publish(batch([event(id_=f"c{n}")]), token) for n in range(60)]
        answered = [statuses(centres, place) for place in places]
        assert taken(served, centres.node) == 180

    assert {status for one in answered for status in one} <= {"accepted", "duplicate"}
    assert len(ids(centres)) == len(set(ids(centres))) == 180


def _polled(other: Any) -> bool:
    """Take part in the group until a partition is its own; what it reads it does not commit."""
    broker.poll(other, 100, 10)
    return bool(other.assignment())


def test_messages_that_retention_took_are_told_of(centres: Centres, tmp_path: Path) -> None:
    """The door goes on with what is left, and an operator sees that something is gone."""
    with serving(tmp_path, centres) as served:
        token = served.token()
        first = centres.publish(batch([event(id_="1")]), token, partition=0)
        assert statuses(centres, first) == ["accepted"]
    gone = centres.publish(batch([event(id_="2")]), token, partition=0)
    left = centres.publish(batch([event(id_="3")]), token, partition=0)
    with closing(centres.kafka.admin()) as admin:
        admin.delete_records({TopicPartition(centres.messages, 0): left.offset})
    with serving(tmp_path, centres) as served:
        assert statuses(centres, left) == ["accepted"]
        assert served.metric("yiping_door_gaps_total") >= 1
        assert taken(served, centres.node) == 2
    assert [r for _, r in centres.heard if r.offset == gone.offset] == []


def test_what_the_platform_fails_on_holds_nobody_up(
    centres: Centres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands alone in quarantine; all others of its batch are recorded, in order."""
    served = serving(tmp_path, centres)
    application = served.ingest.writer._application
    record = application.record

    def failing(arrivals: Sequence[Arrival]) -> list[Answer]:
        for one in arrivals:
            if isinstance(one.admitted, Admissible) and one.admitted.event.id == "x5":
                raise ZeroDivisionError
        return record(arrivals)

    monkeypatch.setattr(application, "record", failing)
    with served:
        events = [event(id_=f"x{n}") for n in range(9)]
        place = centres.publish(batch(events), served.token(), partition=0)
        behind = centres.publish(batch([event(id_="behind")]), served.token(), partition=0)
        told = results(centres.answers(place))

        assert statuses(centres, behind) == ["accepted"]
    assert [one["status"] for one in told] == ["accepted"] * 5 + ["quarantined"] + ["accepted"] * 3
    assert told[5]["error"]["code"] == "not_recorded"
    positions = [one["position"] for one in told if "position" in one]
    assert positions == sorted(positions)


def test_a_message_that_makes_admission_fail_holds_nobody_up(
    centres: Centres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept as one; the next one is taken in."""
    served = serving(tmp_path, centres)
    assert served.ingest.kafka_door is not None
    reception = served.ingest.kafka_door._house.reception
    arrivals = reception.arrivals

    def failing(identity: Any, shape: Any, body: bytes, *rest: Any) -> list[Arrival]:
        if b"unlucky" in body:
            raise ZeroDivisionError
        return arrivals(identity, shape, body, *rest)

    monkeypatch.setattr(reception, "arrivals", failing)
    with served:
        place = centres.publish(batch([event(id_="unlucky")]), served.token(), partition=0)
        behind = centres.publish(batch([event(id_="behind")]), served.token(), partition=0)

        assert statuses(centres, behind) == ["accepted"]
        receipt = centres.answer(place)
    assert receipt.error is not None
    assert (receipt.error.status, receipt.error.code) == (500, "not_recorded")
    assert [one["status"] for one in results([receipt])] == ["quarantined"]


def test_a_broker_that_stops_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """The door waits for it, and goes on where it was."""
    with (
        Kafka(tmp_path / "kafka") as kafka,
        Centres(kafka, "stopped", 1) as centres,
        serving(tmp_path / "data", centres) as served,
    ):
        token = served.token()
        first = centres.publish(batch([event(id_="1")]), token)
        assert statuses(centres, first) == ["accepted"]
        kafka.stop()
        assert served.ingest.kafka_door is not None
        assert served.ingest.kafka_door.alive()
        kafka.start()
        second = centres.publish(batch([event(id_="1"), event(id_="2")]), token)
        assert statuses(centres, second) == ["duplicate", "accepted"]
        assert taken(served, centres.node) == 2


def test_topics_that_are_made_later_are_read(kafka: Kafka, tmp_path: Path) -> None:
    """The door tries again until they are there, and joins its group knowing their partitions."""
    door = f"{kafka.dsn('centre.events.later')}?receipts=centre.receipts.later"
    with (
        Served(settings_in(tmp_path, door=door, node="later")) as served,
        Centres(kafka, "later", 2) as centres,
    ):
        token = served.token()
        places = [centres.publish(batch([event(id_=str(n))]), token, partition=n) for n in (0, 1)]

        assert [statuses(centres, place) for place in places] == [["accepted"]] * 2


def test_no_broker_keeps_nobody_from_posting(tmp_path: Path) -> None:
    """The door tries again by itself; the other one is open, and the end is orderly."""
    settings = settings_in(tmp_path, door="kafka://127.0.0.1:1/centre.events")
    with Served(settings) as served, served.client() as client:
        assert results_of(client, event(id_="1")) == ["accepted"]
        assert served.ingest.kafka_door is not None
        assert served.ingest.kafka_door.alive()
