"""The Kafka door on a real broker: the same answers as over HTTP, and poison in nobody's way."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.bodies import BATCH, LINES, SINGLE
from services.ingest.receipts import KEY_BYTES
from services.simulator.malformed import KINDS, malformed
from tests.support.centres import Centres, results
from tests.support.events import COUNTY, ELSEWHERE, NOON, PROVINCE, batch, encoded, event, lines
from tests.support.ingest import Served, post, settings_in
from tests.support.kafka import Kafka

ALL_KINDS = sorted(KINDS)


class Both:
    """Two fresh stores, one behind each door, that are told the same."""

    def __init__(self, centres: Centres, over_http: Served, over_kafka: Served) -> None:
        self.centres = centres
        self.over_http = over_http
        self.over_kafka = over_kafka
        self.tokens = {r: over_http.token(role=r) for r in ("centre", "importer", "wall")}

    def tell(self, body: bytes, content_type: str, encoding: str | None, role: str) -> None:
        """The same request to both; the answers must be the same."""
        packed = {"content_encoding": encoding} if encoding else {}
        token = self.tokens[role]
        with self.over_http.client() as client:
            client.headers["authorization"] = f"Bearer {token}"
            http = post(client, body, content_type, **packed).json()
        place = self.centres.publish(
            body,
            token,
            content_type=content_type,
            headers=[("content-encoding", encoding.encode())] if encoding else (),
            partition=0,
        )
        (receipt,) = self.centres.answers(place)
        kafka = results([receipt])
        if "results" in http:
            assert kafka == http["results"]
        if "code" in http:
            assert receipt.error is not None
            assert msgspec.to_builtins(receipt.error) == {
                "status": http["status"],
                "code": http["code"],
                "message": http["detail"],
            }
        else:
            assert receipt.error is None


@pytest.fixture(scope="module")
def both(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The two doors."""
    folder = tmp_path_factory.mktemp("both")
    same = {"body_bytes": "200000", "keys": str(folder / "keys")}
    with (
        Centres(kafka, "both", 1) as centres,
        Served(settings_in(folder / "http", **same, node=centres.node)) as over_http,
        Served(settings_in(folder / "kafka", **same, **centres.settings)) as over_kafka,
    ):
        yield Both(centres, over_http, over_kafka)


def spoilt(kind: str, id_: str) -> bytes:
    """An event of the simulator's that a door must refuse, or take although it looks odd."""
    good = event(id_=id_, recordedtime=NOON.isoformat(), subject=f"R{len(id_)}")
    return malformed(kind, good, f"bad-{id_}", ELSEWHERE).body(None)  # type: ignore[arg-type]  # its values are read alone


def any_event(made: random.Random) -> bytes:
    """A good, bad, odd, foreign or repeated event."""
    id_ = str(made.randrange(30))
    match made.randrange(6):
        case 0 | 1:
            return encoded(event(id_=id_, subject=f"R{made.randrange(3)}"))
        case 2 | 3:
            return spoilt(made.choice(ALL_KINDS), id_)
        case 4:
            return encoded(event(id_=id_, corrects=str(made.randrange(30))))
        case _:
            return made.randbytes(made.randrange(20)).replace(b"\n", b"")


@pytest.mark.parametrize("seed", range(60))
def test_both_doors_give_the_same_answers(both: Both, seed: int) -> None:
    """For the same requests in the same order, into two fresh stores, whatever they hold."""
    made = random.Random(seed)
    parts = [any_event(made) for _ in range(made.randrange(12))]
    content_type = made.choice(
        [SINGLE, BATCH, BATCH, LINES, LINES, "application/json", "text/plain"]
    )
    encoding = made.choice([None, None, None, "gzip", "br"])
    if content_type == LINES:
        body = b"\n".join(parts)
    elif content_type == SINGLE:
        body = b"".join(parts[:1])
    else:
        body = b"[" + b",".join(parts) + b"]"
    both.tell(
        gzip.compress(body, mtime=0) if encoding else body,
        content_type,
        encoding,
        made.choice(["centre", "centre", "centre", "importer", "wall"]),
    )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_malformed_event_gets_the_same_answer(both: Both, kind: str) -> None:
    """Between two good ones, which are taken in."""
    good = [encoded(event(id_=f"{kind}-{n}")) for n in range(2)]

    both.tell(b"\n".join([good[0], spoilt(kind, f"k-{kind}"), good[1]]), LINES, None, "centre")


@pytest.fixture(scope="module")
def centres(kafka: Kafka) -> Iterator[Centres]:
    """Topics for all tests below; each takes ids of its own."""
    with Centres(kafka, "poison", 2) as centres:
        yield centres


@pytest.fixture(scope="module")
def served(centres: Centres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that reads them."""
    folder = tmp_path_factory.mktemp("poison")
    with Served(settings_in(folder, body_bytes="300000", **centres.settings)) as served:
        yield served


def quarantined(served: Served, id_: str | None, org: str) -> dict[str, Any]:
    """What a centre of ``org`` is shown of one event in quarantine."""
    with served.client(org) as client:
        items = client.get("/v1/quarantine?limit=200").json()["items"]
    (item,) = [one for one in items if one["id"] == id_]
    found: dict[str, Any] = item
    return found


def test_a_receipt_names_message_and_sender(centres: Centres, served: Served) -> None:
    """Its key is the message's own, else the organisation of the token."""
    token = served.token()
    keyed = centres.publish(batch([event(id_="keyed")]), token, key=b"mine")
    plain = centres.publish(batch([event(id_="plain")]), token, key=b"")
    long = centres.publish(batch([event(id_="long")]), token, key=b"k" * (KEY_BYTES + 1))
    for place in (keyed, plain, long):
        assert results(centres.answers(place))[0]["status"] == "accepted"
    keys = {(r.partition, r.offset): key for key, r in centres.heard}

    assert keys[keyed[1:]] == b"mine"
    assert keys[plain[1:]] == keys[long[1:]] == COUNTY.encode()


def test_the_binary_mode_is_the_same_event(centres: Centres, served: Served) -> None:
    """Published both ways, it is one event."""
    one = event(id_="binary", sequence="3")
    headers = [(f"ce_{n}", str(v).encode()) for n, v in one.items() if n != "data"]
    first = centres.publish(
        encoded(one["data"]), served.token(), content_type="application/json", headers=headers
    )
    again = centres.publish(encoded(one), served.token(), content_type=SINGLE)

    (taken,), (known,) = results(centres.answers(first)), results(centres.answers(again))
    assert (taken["status"], known["status"]) == ("accepted", "duplicate")
    assert known["position"] == taken["position"]


GOOD = batch([event(id_="in a bad message")])
POISON: dict[str, tuple[bytes | None, str | None, dict[str, Any], int, str]] = {
    "no token": (GOOD, None, {}, 401, "token_refused"),
    "a forged token": (GOOD, "a.b.c", {}, 401, "token_refused"),
    "a token that expired": (GOOD, "expired", {}, 401, "token_refused"),
    "the token of a reader": (GOOD, "wall", {}, 403, "role_may_not_send"),
    "no content type": (GOOD, "centre", {"content_type": None}, 415, "unsupported_content_type"),
    "another content type": (
        GOOD, "centre", {"content_type": "text/xml"}, 415, "unsupported_content_type"
    ),
    "another encoding": (
        GOOD, "centre", {"headers": [("content-encoding", b"br")]}, 415, "unsupported_encoding"
    ),
    "broken gzip": (
        GOOD, "centre", {"headers": [("content-encoding", b"gzip")]}, 400, "broken_gzip"
    ),
    "foreign bytes": (bytes(range(256)), "centre", {}, 400, "not_json"),
    "no value": (None, "centre", {}, 400, "not_json"),
    "too many bytes": (b"[" + b" " * 300_000 + b"]", "centre", {}, 413, "body_too_large"),
    "too many events": (
        b"1\n" * 100_001, "centre", {"content_type": LINES}, 413, "too_many_events"
    ),
    "foreign bytes in a header": (
        GOOD, "centre", {"content_type": None, "headers": [("content-type", b"\xff\xfe")]},
        415, "unsupported_content_type",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(POISON))
def test_poison_is_kept_and_answered(centres: Centres, served: Served, what: str) -> None:
    """Whole, in the quarantine of whoever sent it; the partition goes on behind it."""
    value, whose, how, status, code = POISON[what]
    token = {"centre": served.token(), "wall": served.token(role="wall")}.get(whose or "", whose)
    if whose == "expired":
        token = served.ingest.issuer.issue(COUNTY, "centre", days=-1)
    poison = centres.publish(value, token, partition=1, **how)
    after = centres.publish(batch([event(id_=f"after {what}")]), served.token(), partition=1)

    assert results(centres.answers(after))[0]["status"] == "accepted"
    receipt = centres.answer(poison)
    (result,) = results([receipt])
    assert receipt.error is not None
    assert (receipt.error.status, receipt.error.code) == (status, code)
    assert (result["status"], result["error"]["code"]) == ("quarantined", code)
    org = PROVINCE if status == 401 else COUNTY
    item = quarantined(served, result["quarantine_id"], org)
    assert item["org"] == org
    assert item["event"] == (value or b"").decode("utf-8", "replace")


def test_a_message_of_very_many_events_gets_several_receipts(kafka: Kafka, tmp_path: Path) -> None:
    """Each fits its topic; together they answer every event, in order."""
    with (
        Centres(kafka, "many", 1) as centres,
        Served(settings_in(tmp_path, **centres.settings)) as served,
    ):
        body = lines([{"id": f"{n:0190}"} for n in range(4_000)])
        place = centres.publish(body, served.token(), content_type=LINES)
        receipts = centres.answers(place)

    assert len(receipts) > 1
    assert [one["id"] for one in results(receipts)] == [f"{n:0190}" for n in range(4_000)]
    assert [receipt.first for receipt in receipts] == sorted(r.first for r in receipts)


def test_events_of_a_key_stay_in_order(centres: Centres, served: Served) -> None:
    """However many messages they come in."""
    token = served.token()
    messages: list[tuple[bytes | None, bytes | None, int | None]] = [
        (encoded(event("person.checked", f"ordered-{n}", subject="R-ordered",
                       time=NOON - timedelta(minutes=300 - n))), b"R-ordered", None)
        for n in range(300)
    ]  # fmt: skip
    places = centres.publish_all(messages, token, content_type=SINGLE)
    told = [results(centres.answers(place))[0] for place in places]

    assert {one["status"] for one in told} == {"accepted"}
    positions = [one["position"] for one in told]
    assert positions == sorted(positions)


def test_messages_are_counted(centres: Centres, served: Served) -> None:
    """What was answered, what was refused as a whole, and each event as at the other door."""
    answered = served.metric("yiping_door_messages_total", outcome="answered")
    refused = served.metric("yiping_door_messages_total", outcome="refused")
    good = centres.publish(batch([event(id_="counted")]), served.token(), partition=0)
    bad = centres.publish(b"", None, partition=0)
    centres.answers(good)
    centres.answers(bad)
    committed = bad.offset + 1
    centres.hear(lambda: centres.committed().get(0) == committed)

    assert served.metric("yiping_door_messages_total", outcome="answered") == answered + 1
    assert served.metric("yiping_door_messages_total", outcome="refused") == refused + 1
    assert served.metric("yiping_door_failures") == 0
