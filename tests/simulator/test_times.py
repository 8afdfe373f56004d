"""Time as whole numbers, days as people in Fujian count them."""

from datetime import UTC, datetime

from services.simulator.times import CHINA, DAY, HOUR, aware, day_digits, day_of, micros, midnight


def test_a_moment_is_written_with_chinas_offset() -> None:
    """Eight hours ahead of UTC, the same moment."""
    written = aware(micros(datetime(2026, 11, 23, 16, 30, tzinfo=UTC)))

    assert written == datetime(2026, 11, 24, 0, 30, tzinfo=CHINA)
    assert written.isoformat() == "2026-11-24T00:30:00+08:00"


def test_a_day_begins_at_local_midnight() -> None:
    """The last microsecond before it is still the day before."""
    day = day_of(micros(datetime(2026, 11, 23, 12, tzinfo=CHINA)))

    assert aware(midnight(day)) == datetime(2026, 11, 23, tzinfo=CHINA)
    assert [day_of(midnight(day) + d) for d in (-1, 0, DAY - 1, DAY)] == [
        day - 1,
        day,
        day,
        day + 1,
    ]


def test_a_day_is_named_by_its_digits() -> None:
    """As numbers of incidents carry it."""
    assert day_digits(day_of(micros(datetime(2026, 1, 2, tzinfo=CHINA)) + HOUR)) == "20260102"
