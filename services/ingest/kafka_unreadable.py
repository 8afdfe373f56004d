"""Records on the topic that kafka-python cannot take apart, passed over so that others come in.

A batch in a codec that is not here, a header whose name is no text: what is broken is not the
message's value but what it travels in, so there is nothing to keep.  The consumer cannot go on
behind it by itself (a poll after such an error may never end), and a batch is read as a whole,
so whatever comes behind a broken record in its batch is unreadable too.  Each is answered with
the error ``unreadable_record``, and stays on the topic until its retention.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from crc32c import crc32c
from kafka.structs import TopicPartition

from schemas.receipts import RequestError
from services.backbone import broker
from services.backbone.errors import LogUnavailable
from services.backbone.sending import Sender
from services.ingest.errors import BodyUnreadable
from services.ingest.kafka_session import RECEIPT_HEADERS, UNREADABLE, House
from services.ingest.receipts import Place, receipts_of

LOOK_MS = 5_000

logger = logging.getLogger(__name__)


def pass_over(house: House, positions: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Answer whatever is unreadable at these offsets, all before which is answered.

    Gives by topic and partition the offset from which to read on; raises LogUnavailable.
    """
    offsets = {TopicPartition(*name): offset for name, offset in positions.items()}
    looking = broker.consumer(house.requests, house.group)
    with closing(looking), broker.kafka_errors("looking for the end"):
        ends = looking.end_offsets(list(offsets))
    passed = {}
    for partition, offset in offsets.items():
        after = offset
        while after < ends[partition] and not _is_readable(house, partition, after):
            after += 1
        if after > offset:
            _answer(house, partition, range(offset, after))
            passed[(partition.topic, partition.partition)] = after
    return passed


def _is_readable(house: House, partition: TopicPartition, offset: int) -> bool:
    """Whether a consumer that has not failed yet can begin there."""
    with closing(broker.consumer(house.requests, house.group)) as reader:
        reader.assign([partition])
        reader.seek(partition, offset)
        try:
            broker.poll(reader, LOOK_MS, 1)
        except LogUnavailable as error:
            if isinstance(error.__cause__, UNREADABLE):
                return False
            raise
    return True


def _answer(house: House, partition: TopicPartition, offsets: range) -> None:
    why = BodyUnreadable("unreadable_record", "no client of the platform can read this record")
    error = RequestError(why.http_status, why.code, why.message)
    records: list[tuple[int, bytes | None, bytes]] = []
    with closing(Sender(house.receipts, house.group)) as sender:
        for offset in offsets:
            place = Place(partition.topic, partition.partition, offset)
            at = crc32c(b"%d" % partition.partition) % sender.partitions
            records += [(at, None, receipt) for receipt in receipts_of(place, [], error)]
        sender.send(records, RECEIPT_HEADERS).wait()
    house.metrics.door_unreadable.inc(len(records))
    facts: dict[str, Any] = {
        "topic": partition.topic,
        "partition": partition.partition,
        "first": offsets.start,
        "last": offsets.stop - 1,
    }
    logger.error("records that cannot be read were passed over", extra={"facts": facts})
