"""People who do not exist."""

import re

from services.simulator import made_up
from services.simulator.draws import digest_of, random_of

PEOPLE = [made_up.human(random_of(digest_of("human", n))) for n in range(500)]


def test_every_name_says_that_it_is_made_up() -> None:
    """Nobody can take it for a real one."""
    assert all(p.name.endswith(made_up.MARK) for p in PEOPLE)
    assert len({p.name for p in PEOPLE}) > 100


def test_identity_numbers_are_of_a_region_that_does_not_exist() -> None:
    """Eighteen characters that no register knows."""
    assert all(re.fullmatch(r"999999\d{11}X", p.id_number) for p in PEOPLE)


def test_phone_numbers_are_of_no_network() -> None:
    """Mobile numbers begin with 13 to 19."""
    assert all(re.fullmatch(r"10\d{9}", p.phone) for p in PEOPLE)


def test_there_are_both_sexes_and_all_ages() -> None:
    """Minors and the old have rules of their own."""
    assert {p.sex for p in PEOPLE} == {"男", "女"}
    assert {p.age_band for p in PEOPLE} >= {"14-17", "18-29", "30-44", "45-59", "60-69"}
