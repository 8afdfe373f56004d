"""Sorting a log into parts."""

from pathlib import Path

from services.backbone.spill import PARTS_MOST, RECORDS_A_PART, Spill, part_of, parts_for


def test_parts_grow_with_the_log_and_end_somewhere() -> None:
    """A part holds some fifty thousand records, and files are not opened without end."""
    assert parts_for(0) == 1
    assert parts_for(RECORDS_A_PART) == 1
    assert parts_for(RECORDS_A_PART + 1) == 2
    assert parts_for(10**9) == PARTS_MOST


def test_a_stream_stays_together_and_in_order(tmp_path: Path) -> None:
    """Each part gives back what was put in, each stream in one part alone."""
    spill = Spill(tmp_path, 4)
    put = [(f"person/{n % 10}", b'{"stream":%d,"n":%d}' % (n % 10, n)) for n in range(100)]
    for stream, body in put:
        spill.add(stream, body)
    spill.close()
    parts = [list(spill.read(part)) for part in range(4)]

    assert sorted(line for part in parts for line in part) == sorted(body for _, body in put)
    for stream in {stream for stream, _ in put}:
        expected = [body for name, body in put if name == stream]
        held = [line for line in parts[part_of(stream, 4)] if line in expected]
        assert held == expected
