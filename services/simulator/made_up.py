"""People who do not exist.  Pure.

Names say that they are made up, identity numbers begin with a region that does not exist
(999999), phone numbers with 10, where no mobile number does.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from services.simulator.draws import Table, pick

MARK = "（虚构）"
"""Stands behind every name."""

SURNAMES = tuple("林陈黄张吴李郑王刘苏蔡杨许叶曾周谢何洪赖")
GIVEN = (
    "示例", "样本", "晓川", "一帆", "文舟", "青禾", "子墨", "云起", "思远", "可人", "明月", "若水",
    "长风", "知秋", "小满", "望舒", "守拙", "怀瑾", "如意", "半夏", "南星", "鹤鸣", "松石", "星野",
)  # fmt: skip

AGE_BANDS = Table(("<14", 0.004), ("14-17", 0.035), ("18-29", 0.31), ("30-44", 0.37),
                  ("45-59", 0.22), ("60-69", 0.045), ("70+", 0.016))  # fmt: skip
_BORN = {"<14": 2014, "14-17": 2010, "18-29": 2002, "30-44": 1989, "45-59": 1974, "60-69": 1961,
         "70+": 1952}  # fmt: skip


class Human(NamedTuple):
    """Somebody who was made up."""

    name: str
    id_number: str
    phone: str
    sex: str
    age_band: str


def name(random: Random) -> str:
    """A name that says that it is made up."""
    return pick(random, SURNAMES) + pick(random, GIVEN) + MARK


def phone(random: Random) -> str:
    """A number that no network gives out."""
    return f"10{int(random.random() * 1_000_000_000):09d}"


def human(random: Random) -> Human:
    """Somebody with a name, an identity number, a sex and an age."""
    band = AGE_BANDS.draw(random)
    born = _BORN[band] + int(random.random() * 4)
    day = f"{1 + int(random.random() * 12):02d}{1 + int(random.random() * 28):02d}"
    number = f"999999{born}{day}{int(random.random() * 1000):03d}X"
    sex = "男" if random.random() < 0.82 else "女"
    return Human(name(random), number, phone(random), sex, band)
