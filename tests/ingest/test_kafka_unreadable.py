"""Records that kafka-python cannot take apart hold nobody up, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ingest.receipts import Place
from tests.support.centres import Centres, results
from tests.support.events import batch, event
from tests.support.ingest import Served, settings_in
from tests.support.kafka import Kafka

LONG = {"evidence": ["x" * 400] * 20}


@pytest.fixture
def centres(kafka: Kafka, names: Iterator[str]) -> Iterator[Centres]:
    """Topics of the test's own."""
    with Centres(kafka, f"unreadable-{next(names)}", 2) as centres:
        yield centres


def serving(folder: Path, centres: Centres) -> Served:
    """A server that reads them."""
    return Served(settings_in(folder, **centres.settings))


def statuses(centres: Centres, place: Place) -> list[str]:
    """What the events of one message were answered."""
    return [one["status"] for one in results(centres.answers(place))]


class Foreign(str):
    """A header's name that is no UTF-8, as only some clients let through."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        """What it is on the wire."""
        return b"\xff\xfe"


def test_records_that_cannot_be_read_are_passed_over(centres: Centres, tmp_path: Path) -> None:
    """Each is answered as such; what comes before and behind their batch is taken in."""
    centres.keep_as("producer")
    with serving(tmp_path, centres) as served:
        token = served.token()
        before = centres.publish(batch([event(id_="before")]), token, partition=0)
        assert statuses(centres, before) == ["accepted"]
        broken = centres.publish(b"{}", token, partition=0, headers=[(Foreign("x"), b"1")])
        after = centres.publish(batch([event(id_="after")]), token, partition=0)
        other = centres.publish(batch([event(id_="other")]), token, partition=1)

        assert statuses(centres, after) == statuses(centres, other) == ["accepted"]
        receipt = centres.answer(broken)
        assert receipt.error is not None
        assert (receipt.error.code, receipt.results) == ("unreadable_record", [])
        assert served.metric("yiping_door_unreadable_total") == 1
        centres.hear(lambda: centres.committed() == {0: 3, 1: 1})


def test_brokers_mend_names_of_headers_where_they_pack_anew(
    centres: Centres, tmp_path: Path
) -> None:
    """On the topic as `yiping topics` makes it, the very same message is taken in."""
    with serving(tmp_path, centres) as served:
        body = batch([event(id_="foreign")])
        place = centres.publish(body, served.token(), headers=[(Foreign("x"), b"1")])

        assert statuses(centres, place) == ["accepted"]


@pytest.mark.parametrize("kept_as", ["gzip", "producer"])
def test_a_codec_that_is_not_here_is_the_brokers_to_unpack(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_as: str
) -> None:
    """As `yiping topics` sets it; on a topic of others such messages are passed over and said."""
    with (
        Centres(kafka, f"packed-{kept_as}", 1) as centres,
        Centres(kafka, centres.node, topics=centres, codec="lz4") as packing,
    ):
        centres.keep_as(kept_as)
        served = Served(settings_in(tmp_path, **centres.settings))
        token = served.token()
        packed = packing.publish(batch([event(id_="packed", data=LONG)]), token)
        plain = centres.publish(batch([event(id_="plain")]), token)
        monkeypatch.setattr("kafka.codec.lz4", None)
        with served:
            assert results(centres.answers(plain))[0]["status"] == "accepted"
            receipt = centres.answer(packed)

    if kept_as == "gzip":
        assert results([receipt])[0]["status"] == "accepted"
    else:
        assert receipt.error is not None
        assert (receipt.error.code, receipt.results) == ("unreadable_record", [])
