"""The door over real HTTP: who may send, what is answered, and how errors look."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.backbone.sqlite_store import SQLiteEventStore
from services.ingest import door
from services.ingest.bodies import BATCH, LINES, SINGLE
from tests.support.events import (
    batch,
    encoded,
    event,
    lines,
)
from tests.support.faults import full_disk, refused_writes
from tests.support.ingest import Served, assert_problem, post, results, settings_in, told


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests here; each takes ids of its own."""
    settings = settings_in(tmp_path_factory.mktemp("door"), body_bytes=str(12 * 1024 * 1024))
    with Served(settings) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """A centre's client."""
    with served.client() as client:
        yield client


def test_a_single_event_is_accepted(client: httpx.Client) -> None:
    """It is answered with the node and the position where it stands for ever."""
    response = post(client, encoded(event(id_="single")), SINGLE)

    (result,) = results(response)
    assert response.headers["content-type"] == "application/json"
    assert (result["status"], result["node"]) == ("accepted", "main")
    assert result["position"] >= 1
    assert result.keys() == {"id", "status", "node", "position"}


@pytest.mark.parametrize(
    ("content_type", "pack"), [(BATCH, batch), (LINES, lines), ("application/json", batch)]
)
def test_results_come_in_order(client: httpx.Client, content_type: str, pack: Any) -> None:
    """One for each event, wherever the bad one is."""
    name = f"order-{content_type}"
    events: list[Any] = [event(id_=f"{name}-{n}") for n in range(5)]
    events[2] = {"id": f"{name}-2"}

    assert told(post(client, pack(events), content_type)) == [
        (f"{name}-{n}", "quarantined" if n == 2 else "accepted") for n in range(5)
    ]


def test_a_bad_line_holds_no_other_up(client: httpx.Client) -> None:
    """NDJSON: what cannot be read ends with its line."""
    body = lines([event(id_="l1")]) + b"\n{broken\n" + lines([event(id_="l2")])

    response = post(client, body, LINES)

    assert told(response) == [("l1", "accepted"), (None, "quarantined"), ("l2", "accepted")]
    assert results(response)[1]["error"]["code"] == "not_json"


def test_a_gzipped_body_is_unpacked(client: httpx.Client) -> None:
    """Centres on thin lines send packed, in one member or several."""
    body = gzip.compress(b"[") + gzip.compress(encoded(event(id_="zip")) + b"]")

    assert told(post(client, body, content_encoding="gzip")) == [("zip", "accepted")]


def test_the_same_body_again_gives_duplicates(client: httpx.Client) -> None:
    """A sender that got no answer sends again, and learns where its events stand."""
    body = batch(event(id_=f"again-{n}") for n in range(3))
    first, second = results(post(client, body)), results(post(client, body))

    assert [one["status"] for one in second] == ["duplicate"] * 3
    assert [one["position"] for one in second] == [one["position"] for one in first]


def test_ten_thousand_events_with_one_bad_in_the_middle(client: httpx.Client) -> None:
    """One bad event never holds up a batch."""
    events = [event(id_=f"many-{n}", subject=f"R{n % 50}", sequence=n) for n in range(10_000)]
    events[5_000] = event(id_="many-5000", data={"limit_h": "much"})

    found = results(post(client, batch(events)))

    assert len(found) == 10_000
    assert [one["id"] for one in found] == [f"many-{n}" for n in range(10_000)]
    assert [n for n, one in enumerate(found) if one["status"] != "accepted"] == [5_000]
    assert found[5_000]["error"] == {
        "code": "wrong_type",
        "path": "data.limit_h",
        "message": "Expected `float | null`, got `str`",
    }


def test_ten_megabytes_are_taken(client: httpx.Client) -> None:
    """As one batch of large events."""
    long = {"evidence": ["x" * 400] * 200}
    body = batch(event(id_=f"large-{n}", data=long) for n in range(125))
    assert len(body) > 10 * 10**6

    assert [status for _, status in told(post(client, body))] == ["accepted"] * 125


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_body_over_the_limit_is_refused(served: Served, encoding: str | None) -> None:
    """Packed or not, nothing of it is recorded, and the connection serves the next request."""
    body = b"[" + b" " * served.settings.body_bytes + b"]"
    headers = {"content_encoding": encoding} if encoding else {}
    with served.client() as client:
        response = post(client, gzip.compress(body) if encoding else body, **headers)
        assert_problem(response, 413, "body_too_large")

        assert told(post(client, batch([event(id_="after")])))[0][1] in ("accepted", "duplicate")


def test_too_many_events_are_refused(client: httpx.Client) -> None:
    """A body of tiny events is bounded by their number."""
    assert_problem(post(client, b"1\n" * 60_000, LINES), 413, "too_many_events")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml"])
def test_another_content_type_is_refused(client: httpx.Client, content_type: str) -> None:
    """The answer says what to send."""
    problem = assert_problem(
        post(client, encoded(event()), content_type), 415, "unsupported_content_type"
    )

    assert BATCH in problem["detail"]


def test_another_encoding_is_refused(client: httpx.Client) -> None:
    """gzip or nothing."""
    assert_problem(
        post(client, encoded(event()), content_encoding="br"), 415, "unsupported_encoding"
    )


def test_an_empty_batch_is_answered_empty(client: httpx.Client) -> None:
    """Nothing to record, nothing to complain of."""
    assert told(post(client, b"[]")) == []


def test_concurrent_posts_of_the_same_events_accept_each_once(served: Served) -> None:
    """However many connections bring the same batch at the same time."""
    body = batch(event(id_=f"race-{n}", subject=f"R{n % 3}") for n in range(60))

    def send(_turn: int) -> list[tuple[str | None, str]]:
        with served.client() as client:
            return told(post(client, body))

    with ThreadPoolExecutor(8) as senders:
        answers = [one for part in senders.map(send, range(8)) for one in part]

    accepted = [id_ for id_, status in answers if status == "accepted"]
    assert sorted(map(str, accepted)) == sorted(f"race-{n}" for n in range(60))
    assert {status for _, status in answers} == {"accepted", "duplicate"}


def half_sent(served: Served) -> http.client.HTTPConnection:
    """A connection on which a body has begun."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("POST", "/v1/events")
    connection.putheader("authorization", f"Bearer {served.token()}")
    connection.putheader("content-type", BATCH)
    connection.putheader("content-length", "1000")
    connection.endheaders(b'[{"id": "half')
    return connection


def test_a_sender_that_breaks_off_leaves_no_trace(served: Served) -> None:
    """Half a body is nobody's event; the server goes on."""
    half_sent(served).close()

    with served.client() as client:
        assert told(post(client, batch([event(id_="whole")]))) == [("whole", "accepted")]


def test_a_sender_that_stops_sending_is_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds room and sends nothing gives it back."""
    monkeypatch.setattr(door, "BODY_S", 0.05)
    connection = half_sent(served)
    response = connection.getresponse()

    assert response.status == 408
    assert json.loads(response.read())["code"] == "body_too_slow"
    connection.close()
    assert served.ingest.door._intake.held == 0


def test_what_is_not_there_is_a_problem_too(client: httpx.Client) -> None:
    """Unknown paths and methods answer as everything else does."""
    assert_problem(client.get("/v1/nothing"), 404, "not_found")
    assert_problem(client.get("/v1/events"), 405, "method_not_allowed")


def test_past_the_bound_a_sender_comes_back_later(tmp_path: Path) -> None:
    """429 with Retry-After; whatever was turned away is taken when it comes again."""
    with Served(settings_in(tmp_path, queue_events="1")) as served:
        bodies = [batch(event(id_=f"{n}-{m}") for m in range(300)) for n in range(24)]

        def send(body: bytes) -> httpx.Response:
            with served.client() as client:
                return post(client, body)

        with ThreadPoolExecutor(12) as senders:
            first = list(senders.map(send, bodies))
            turned_away = [r for r in first if r.status_code == 429]
            for response in turned_away:
                assert_problem(response, 429, "queue_full")
                assert response.headers["retry-after"] == "1"
            rest = [body for body, r in zip(bodies, first, strict=True) if r.status_code == 429]
        while rest:
            again = [(body, send(body)) for body in rest]
            rest = [body for body, r in again if r.status_code == 429]

        taken = served.ingest.store.heads()["main"].position
        assert turned_away
        assert served.metric("yiping_turned_away_total") >= len(turned_away)
        assert taken == 24 * 300


def test_a_full_disk_acknowledges_nothing(tmp_path: Path) -> None:
    """507 while it lasts; then the same events are accepted."""
    with Served(settings_in(tmp_path)) as served, served.client() as client:
        post(client, batch([event(id_="0")]))
        body = batch(event(id_=f"n{n}", data={"evidence": ["x" * 400] * 20}) for n in range(100))
        store = served.ingest.store
        assert isinstance(store, SQLiteEventStore)
        with full_disk(store):
            assert_problem(post(client, body), 507, "store_full")
            assert served.ingest.store.heads()["main"].position == 1

        assert [status for _, status in told(post(client, body))] == ["accepted"] * 100


def test_a_store_that_cannot_write_acknowledges_nothing(tmp_path: Path) -> None:
    """503 with Retry-After while it lasts; then the same events are accepted."""
    with Served(settings_in(tmp_path)) as served, served.client() as client:
        post(client, batch([event(id_="0")]))
        body = batch(event(id_=f"n{n}") for n in range(50))
        with refused_writes(tmp_path / "events.sqlite-wal"):
            response = post(client, body)
        assert_problem(response, 503, "store_unavailable")
        assert response.headers["retry-after"] == "1"

        assert [status for _, status in told(post(client, body))] == ["accepted"] * 50


def test_answers_are_counted(tmp_path: Path) -> None:
    """What an operator watches: events by status, refusals by reason."""
    with Served(settings_in(tmp_path)) as served, served.client() as client:
        post(client, batch([event(id_="1"), event(id_="1"), {"id": "2"}]))
        post(client, b"[", BATCH)

        for status, count in (("accepted", 1), ("duplicate", 1), ("quarantined", 2)):
            assert served.metric("yiping_events_total", status=status) == count
        assert served.metric("yiping_refusals_total", code="not_cloudevent") == 1
        assert served.metric("yiping_refusals_total", code="not_json") == 1
        assert served.metric("yiping_waiting_events") == 0
