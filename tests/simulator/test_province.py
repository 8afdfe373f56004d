"""Centres, stations, officers and rooms."""

import pytest

from schemas import organisations
from services.simulator.errors import OptionInvalid
from services.simulator.province import CENTRES, RECORDED, build

ORGANISATIONS = organisations.load()
WHOLE = build(ORGANISATIONS, 1)


def test_there_are_92_centres() -> None:
    """Each county but 金门县, and each city's own."""
    codes = {centre.code for centre in WHOLE}
    counties = {o.code for o in ORGANISATIONS if o.level == "county"}
    cities = {o.code for o in ORGANISATIONS if o.level == "city"}

    assert len(WHOLE) == len(codes) == CENTRES
    assert codes == (counties - {"350527000000"}) | cities


def test_units_are_stations_of_a_county_or_departments_of_a_city() -> None:
    """Four to twelve of each, by codes that the platform knows, below their centre."""
    for centre in WHOLE:
        city = centre.code[4:6] == "00"
        assert 4 <= len(centre.units) <= 12
        for unit in centre.units:
            assert ORGANISATIONS.knows(unit.code)
            assert unit.code[:6] == centre.code[:6]
            assert (unit.code[6:8] >= "50") is not city


def test_shares_add_up_to_one() -> None:
    """So the whole province has the load that it should have."""
    assert sum(centre.share for centre in WHOLE) == pytest.approx(1)
    assert max(c.share for c in WHOLE) > 2 * min(c.share for c in WHOLE)


def test_rooms_have_ids_of_their_own_and_all_kinds_are_there() -> None:
    """About twenty a centre, each interview or waiting room with a recording channel."""
    rooms = [room for centre in WHOLE for room in centre.all_rooms]

    assert len({room.id for room in rooms}) == len(rooms)
    assert 15 <= len(rooms) / CENTRES <= 30
    assert {room.kind for room in rooms if room.channel} == RECORDED
    assert all(set(c.rooms) == set(WHOLE[0].rooms) for c in WHOLE)


def test_odd_and_even_days_share_no_interview_room() -> None:
    """So one day can be planned without the day before."""
    for centre in WHOLE:
        odd, even = centre.handling(odd=True), centre.handling(odd=False)
        assert odd
        assert even
        assert not {r.id for r in odd} & {r.id for r in even}


def test_police_numbers_are_nobody_elses() -> None:
    """No two officers of the province share one."""
    numbers = [n for c in WHOLE for n in (*c.staff, *(o for u in c.units for o in u.officers))]

    assert len(set(numbers)) == len(numbers)


def test_the_same_seed_gives_the_same_province() -> None:
    """Another seed another one."""
    assert build(ORGANISATIONS, 1) == WHOLE
    assert build(ORGANISATIONS, 2) != WHOLE


def test_a_few_centres_are_spread_over_the_cities() -> None:
    """Each the same as in the whole."""
    few = build(ORGANISATIONS, 1, 9)

    assert few == WHOLE[:9]
    assert len({centre.code[:4] for centre in few}) == 9


@pytest.mark.parametrize("centres", [0, -1, 93])
def test_a_number_of_centres_that_are_not_there_is_refused(centres: int) -> None:
    """The message says how many there are."""
    with pytest.raises(OptionInvalid, match="1 to 92"):
        build(ORGANISATIONS, 1, centres)
