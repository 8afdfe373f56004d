"""What is read of a fetched record: its offset, key, value and headers, and nothing else.

kafka-python makes two objects of 13 and 7 fields of each record and decodes ten numbers, of which
a log needs four: half of its time.  ``read_lean`` has its fetcher unpack batches by this module
instead; checksums, offsets and leader epochs are kept as kafka-python keeps them.  That joint is
not its public face: its version is pinned, and ``tests/backbone/test_kafka_fetch.py`` holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.util import decode_varint

from services.backbone.kafka_portion import Record

Header = tuple[str, bytes | None]

MAGIC = 2


def read_lean(reader: KafkaConsumer) -> None:
    """Have ``poll`` give such records."""
    reader._fetcher.PartitionRecords = _LeanRecords


class _LeanRecords(Fetcher.PartitionRecords):  # type: ignore[misc]  # kafka-python is untyped
    """What was fetched of one partition, unpacked as it is taken."""

    def _maybe_skip_record(self, record: Record) -> bool:
        """A fetch in the middle of a batch brings the whole of it."""
        return bool(record[0] < self.fetch_offset)

    def _unpack_records(self, tp: TopicPartition, records: Any, *_: object) -> Iterator[Record]:
        while (batch := records.next_batch()) is not None:
            if not batch.validate_crc():
                raise CorruptRecordError(f"{tp} at offset {batch.base_offset}: checksum")
            if batch.magic != MAGIC:
                for old in batch:
                    self.next_fetch_offset = old.offset + 1
                    yield old.offset, old.key, old.value, old.headers
                continue
            self.leader_epoch = batch.leader_epoch
            if not batch.is_control_batch:
                for record in _records_of(batch):
                    self.next_fetch_offset = record[0] + 1
                    yield record
            # Also where the last of its records are gone.
            self.next_fetch_offset = batch.next_offset
        self.drain()


def _records_of(batch: Any) -> Iterator[Record]:
    batch._maybe_uncompress()
    buffer, at, first = bytes(batch._buffer), batch._pos, batch.base_offset
    try:
        for _ in range(batch.records_count):
            size, at = decode_varint(buffer, at)
            end = at + size
            at += 1  # attributes, of which there are none
            while buffer[at] & 0x80:  # the time since the first record, which nobody asks for
                at += 1
            delta, at = decode_varint(buffer, at + 1)
            key, at = _bytes_at(buffer, at)
            value, at = _bytes_at(buffer, at)
            headers: list[Header] = []
            if buffer[at]:
                headers, at = _headers_at(buffer, at)
            else:
                at += 1
            if at != end:
                raise CorruptRecordError(f"a record of {size} bytes ends {at - end} after its end")
            yield first + delta, key, value, headers
    except (IndexError, ValueError) as error:
        raise CorruptRecordError("a record that cannot be read") from error


def _bytes_at(buffer: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = decode_varint(buffer, at)
    if size < 0:
        return None, at
    return buffer[at : at + size], at + size


def _headers_at(buffer: bytes, at: int) -> tuple[list[Header], int]:
    count, at = decode_varint(buffer, at)
    headers: list[Header] = []
    for _ in range(count):
        name, at = _bytes_at(buffer, at)
        value, at = _bytes_at(buffer, at)
        headers.append(((name or b"").decode("utf-8", "replace"), value))
    return headers, at
