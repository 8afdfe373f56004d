"""The day's curve."""

from collections import Counter
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from services.simulator import curve
from services.simulator.draws import digest_of, random_of
from services.simulator.times import CHINA, DAY, HOUR, day_of, micros


def test_the_evening_is_busy_and_the_night_quiet() -> None:
    """Several times as much happens at nine in the evening as at four in the morning."""
    random = random_of(digest_of("curve"))
    hours = Counter(curve.time_of_day(random) // HOUR for _ in range(20_000))

    assert set(hours) == set(range(24))
    assert hours[21] > 5 * hours[4]


def test_every_moment_lies_within_the_day() -> None:
    """Never the next day's."""
    random = random_of(digest_of("bounds"))

    assert all(0 <= curve.time_of_day(random) < DAY for _ in range(5000))


def test_fridays_are_busier_than_tuesdays() -> None:
    """By the local calendar."""
    friday = day_of(micros(datetime(2026, 11, 27, 1, tzinfo=CHINA)))

    assert curve.of_weekday(friday) == curve.WEEKLY[4] > curve.of_weekday(friday - 3)


@given(st.integers(10**14, 4 * 10**15))
def test_the_load_and_its_moment_are_inverse(us: int) -> None:
    """To the microsecond, or nearly."""
    assert abs(curve.moment_of_load(curve.load(us)) - us) <= 3


def test_a_day_has_a_days_load() -> None:
    """Busy hours take from quiet ones, nothing more."""
    assert curve.load(100 * DAY + HOUR) - curve.load(99 * DAY + HOUR) == DAY
