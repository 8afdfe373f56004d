"""Quarantine over real HTTP: kept whole, listed to its sender, mended, resent."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.backbone import sqlite_store
from services.ingest.bodies import BATCH, LINES, SINGLE
from tests.support.events import COUNTY, ELSEWHERE, PROVINCE, batch, encoded, event, lines
from tests.support.ingest import Clock, Served, post, results, settings_in


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server of its own."""
    with Served(settings_in(tmp_path), Clock()) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """A centre's client."""
    with served.client() as client:
        yield client


BAD = event(id_="bad", data={"name": "张三丰", "limit_h": "much"})
MENDED = event(id_="bad", data={"name": "张三丰", "limit_h": 24.0})


def listed(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """What waits to be mended."""
    response = client.get("/v1/quarantine", params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def refuse(client: httpx.Client, *events: Any) -> list[str]:
    """Send events that are refused; gives their ids in quarantine."""
    found = results(post(client, batch(events)))
    assert {one["status"] for one in found} == {"quarantined"}
    return [one["quarantine_id"] for one in found]


def resend(client: httpx.Client, id_: str, body: bytes = b"", **headers: str) -> httpx.Response:
    """POST /v1/quarantine/{id}/resend."""
    return client.post(f"/v1/quarantine/{id_}/resend", content=body, headers=headers)


def test_a_refused_event_is_kept_whole(client: httpx.Client) -> None:
    """Its sender finds it as it was sent, with the reason and the place of the mistake."""
    (id_,) = refuse(client, BAD)

    (item,) = listed(client)
    assert item == {
        "id": id_,
        "org": COUNTY,
        "received_at": "2026-11-23T12:00:00.000000Z",
        "event_id": "bad",
        "error": {
            "code": "wrong_type",
            "path": "data.limit_h",
            "message": "Expected `float | null`, got `str`",
        },
        "event": encoded(BAD).decode(),
    }


def test_the_same_bad_event_again_waits_once(client: httpx.Client) -> None:
    """A sender that repeats itself fills no list."""
    assert refuse(client, BAD, BAD) == refuse(client, BAD) * 2

    assert len(listed(client)) == 1


def test_a_quarantine_is_its_senders(served: Served) -> None:
    """Others see nothing of it; who is above sees what is below."""
    with served.client() as one, served.client(ELSEWHERE) as other:
        (id_,) = refuse(one, BAD)
        assert listed(other) == []
        assert resend(other, id_, encoded(MENDED)).status_code == 404
        with served.client(PROVINCE) as above:
            assert [item["id"] for item in listed(above)] == [id_]


@pytest.mark.parametrize("role", ["wall", "auditor"])
def test_those_who_read_the_wall_see_no_quarantine(served: Served, role: str) -> None:
    """It holds names as they were sent."""
    with served.client(role=role) as client:
        assert client.get("/v1/quarantine").status_code == 403


def test_a_mended_event_is_taken_in(served: Served, client: httpx.Client) -> None:
    """It is answered as any other and waits no longer."""
    (id_,) = refuse(client, BAD)

    (result,) = results(resend(client, id_, encoded(MENDED)))

    assert (result["status"], result["position"]) == ("accepted", 1)
    assert listed(client) == []
    assert served.ingest.store.heads()["main"].position == 1


def test_what_was_mended_is_not_mended_again(client: httpx.Client) -> None:
    """The second time it is told where the event stands."""
    (id_,) = refuse(client, BAD)
    resend(client, id_, encoded(MENDED))

    again = resend(client, id_, encoded(MENDED))

    assert (again.status_code, again.json()["code"]) == (409, "resent_already")
    assert "main/1" in again.json()["detail"]


def test_a_mended_event_that_is_known_is_a_duplicate(client: httpx.Client) -> None:
    """Somebody mended it at its source already: the list is cleared all the same."""
    (id_,) = refuse(client, BAD)
    post(client, encoded(MENDED), SINGLE)

    (result,) = results(resend(client, id_, encoded(MENDED)))

    assert (result["status"], result["position"]) == ("duplicate", 1)
    assert listed(client) == []


def test_an_event_may_be_resent_as_it_was(tmp_path: Path) -> None:
    """What was wrong may have been our clock, or our list of organisations."""
    clock = Clock()
    with Served(settings_in(tmp_path), clock) as served, served.client() as client:
        (id_,) = refuse(client, event(time="2026-11-23T13:00:00Z"))
        (still,) = results(resend(client, id_))
        clock.move(hours=2)
        (result,) = results(resend(client, id_))

        assert (still["status"], still["error"]["code"]) == ("quarantined", "time_in_future")
        assert (still["quarantine_id"], result["status"]) == (id_, "accepted")
        assert listed(client) == []


def test_an_event_that_is_still_wrong_stays(client: httpx.Client) -> None:
    """Both it and the new attempt are kept."""
    (id_,) = refuse(client, BAD)

    (result,) = results(resend(client, id_, b'{"id": "bad", "half": "mended"}'))

    assert result["status"] == "quarantined"
    assert {item["id"] for item in listed(client)} == {id_, result["quarantine_id"]}


def test_a_mended_event_may_be_gzipped(client: httpx.Client) -> None:
    """As any body may."""
    (id_,) = refuse(client, BAD)

    packed = gzip.compress(encoded(MENDED))
    (result,) = results(resend(client, id_, packed, **{"content-encoding": "gzip"}))

    assert result["status"] == "accepted"


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "code"),
    [
        (b'[{"id": "a"}, {"id"', BATCH, None, "not_json"),
        (b'{"id": "a"}', BATCH, None, "not_json"),
        (gzip.compress(b"[1,2,3]")[:-9], BATCH, "gzip", "broken_gzip"),
        (b"no gzip at all", LINES, "gzip", "broken_gzip"),
    ],
    ids=["cut", "object", "cut gzip", "no gzip"],
)
def test_an_unreadable_body_is_kept(
    client: httpx.Client, body: bytes, content_type: str, encoding: str | None, code: str
) -> None:
    """400, since no event can be told apart, and nothing of it is lost."""
    headers = {"content_encoding": encoding} if encoding else {}
    response = post(client, body, content_type, **headers)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.headers["content-type"] == "application/problem+json"
    (result,) = results(response)
    assert (result["status"], result["error"]["code"]) == ("quarantined", code)
    (item,) = listed(client)
    assert (item["id"], item["event"]) == (result["quarantine_id"], body.decode("utf-8", "replace"))


def test_an_unreadable_batch_can_be_mended_whole(client: httpx.Client) -> None:
    """It was kept as one, and is resent as one."""
    (kept,) = results(post(client, b"[" + encoded(event(id_="1")) + b",", BATCH))

    found = results(resend(client, kept["quarantine_id"], batch([event(id_="1"), event(id_="2")])))

    assert [one["status"] for one in found] == ["accepted", "accepted"]
    assert listed(client) == []


def pages(client: httpx.Client, **query: Any) -> list[list[str]]:
    """The ids of each page, to the end."""
    found: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/v1/quarantine", params={"cursor": cursor, **query}).json()
        found.append([item["id"] for item in page["items"]])
        cursor = page["next"]
    return found


def test_a_list_goes_page_by_page(tmp_path: Path) -> None:
    """Oldest first, each once, however small the pages."""
    clock, ids = Clock(), []
    with Served(settings_in(tmp_path), clock) as served, served.client() as client:
        for n in range(7):
            clock.move(milliseconds=500)
            ids += refuse(client, {"id": f"bad-{n}"})

        assert pages(client, limit=3) == [ids[:3], ids[3:6], ids[6:]]


def test_a_cursor_can_stand_in_an_address_as_it_is(client: httpx.Client) -> None:
    """No sender has to know which characters to escape."""
    refuse(client, {"id": "a"}, {"id": "b"})
    first = client.get("/v1/quarantine?limit=1").json()

    second = client.get(f"/v1/quarantine?limit=1&cursor={first['next']}").json()

    assert second["items"][0]["id"] != first["items"][0]["id"]
    assert second["next"] is None


@pytest.mark.parametrize("cursor", ["x", "%ff", "////", "é"])
def test_a_cursor_of_somebody_else_is_refused(client: httpx.Client, cursor: str) -> None:
    """A problem, not an empty list."""
    response = client.get("/v1/quarantine", params={"cursor": cursor})

    assert (response.status_code, response.json()["code"]) == (422, "invalid_parameter")


def test_a_limit_that_is_no_number_is_refused(client: httpx.Client) -> None:
    """The parameter is named."""
    response = client.get("/v1/quarantine", params={"limit": "all"})

    assert (response.status_code, response.json()["paths"]) == (422, ["limit"])


def test_large_events_come_few_to_a_page(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is bounded by its bytes as well, and never empty before the end."""
    monkeypatch.setattr(sqlite_store, "QUARANTINE_PAGE_BYTES", 50_000)
    refuse(client, *({"id": str(n), "filler": "x" * 30_000} for n in range(5)))

    assert [len(page) for page in pages(client)] == [2, 2, 1]


def test_an_unknown_id_is_not_found(client: httpx.Client) -> None:
    """As one of somebody else."""
    assert resend(client, "nothing", encoded(MENDED)).status_code == 404


def test_a_conflict_is_kept_beside_the_first(client: httpx.Client) -> None:
    """Same id, other content: the second waits for somebody to look."""
    found = results(post(client, lines([event(), event(data={"sex": "女"})]), LINES))

    assert [one["status"] for one in found] == ["accepted", "quarantined"]
    assert [item["error"]["code"] for item in listed(client)] == ["id_conflict"]
