"""Statutory limits: those that ship, and files that cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.errors import LimitInvalid
from schemas.limits import Limits, load, parse

GOOD = """\
code: some_limit
zh: 时限
en: A limit
names: [某措施]
texts:
  - article: 某法第一条
    effective_from: 2020-01-01
    effective_to: 2025-12-31
    variants:
      - {hours: 8, zh: 一般, en: in general}
      - {hours: 24, zh: 复杂, en: complex}
"""


@pytest.fixture(scope="module")
def shipped() -> Limits:
    """The limits that ship."""
    return load()


@pytest.mark.parametrize(
    ("name", "day", "hours", "article"),
    [
        ("行政传唤", date(2025, 12, 31), [8, 24], "第八十三条"),
        ("行传", date(2026, 1, 1), [8, 12, 24], "第九十七条"),
        ("刑传", date(2026, 11, 1), [12, 24], "第一百一十九条"),
        ("拘传", date(2015, 5, 1), [12, 24], "第一百一十七条"),
        ("继续盘问", date(2026, 11, 1), [4, 12, 24, 48], "第十一条"),
    ],
)
def test_the_law_of_the_day(
    shipped: Limits, name: str, day: date, hours: list[float], article: str
) -> None:
    """Each measure has the variants of the text in force; a step came on 2026-01-01."""
    limit = shipped.named(name)

    assert limit is not None
    text = limit.text_on(day)
    assert text is not None
    assert [variant.hours for variant in text.variants] == hours
    assert text.article.endswith(article)


def test_no_text_is_in_force_before_the_first(shipped: Limits) -> None:
    """A day before any text that is known has none, rather than the next best."""
    limit = shipped.named("继续盘问")

    assert limit is not None
    assert limit.text_on(date(1999, 1, 1)) is None


def test_a_legal_basis_names_the_one_limit_that_it_can_mean(shipped: Limits) -> None:
    """Who came of himself is held by the law that is stated; an article of two limits is none."""
    limit = shipped.based_on("治安管理处罚法第九十七条")

    assert limit is not None
    assert limit.code == "administrative_summons"
    assert shipped.based_on("刑事诉讼法第一百一十九条") is None
    assert shipped.based_on(None) is None


def test_sobering_up_does_not_count(shipped: Limits) -> None:
    """行规58; a wait for the lawyer does."""
    text = shipped.get("administrative_summons").text_on(date(2026, 5, 1))

    assert text is not None
    sober = text.exclusion("醉酒约束")
    assert sober is not None
    assert "第五十八条" in sober.article
    assert text.exclusion("等候律师") is None
    assert text.exclusion(None) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "reason"),
    [
        ("zh: 时限\n", "", 1, "zh", "is missing"),
        ("names:", "nams:", 4, "nams", "is not a key here"),
        ("hours: 8", "hours: eight", 10, "texts[0].variants[0].hours", "float"),
        ("hours: 8", "hours: -8", 10, "texts[0].variants[0].hours", "> 0"),
        ("hours: 24", "hours: 6", 9, "texts[0].variants", "rise"),
        ("2025-12-31", "2019-12-31", 8, "texts[0].effective_to", "before effective_from"),
        ("2020-01-01", "soon", 7, "texts[0].effective_from", "date"),
        ("code: some_limit", "code: Some", 1, "code", "regex"),
        ("zh: 时限", "zh: [时限", 2, "", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_line_field_and_reason(
    old: str, new: str, line: int, field: str, reason: str
) -> None:
    """Whoever edits a limit is told where it is wrong."""
    with pytest.raises(LimitInvalid) as refused:
        parse(GOOD.replace(old, new), "some.yaml")

    assert (refused.value.file, refused.value.field) == ("some.yaml", field)
    assert refused.value.line >= line
    assert reason in refused.value.reason


def test_two_texts_may_not_hold_together() -> None:
    """On each day one text is the law."""
    second = (
        GOOD[GOOD.index("  - article") :]
        .replace("2020-01-01", "2025-12-31")
        .replace("effective_to: 2025-12-31", "effective_to: 2030-12-31")
    )

    with pytest.raises(LimitInvalid) as refused:
        parse(GOOD + second, "some.yaml")

    assert refused.value.field == "texts[1].effective_from"


def test_one_name_means_one_limit(tmp_path: Path) -> None:
    """Two files that claim the same measure are refused."""
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GOOD.replace("some_", "other_"), encoding="utf-8")

    with pytest.raises(LimitInvalid, match="某措施"):
        load(tmp_path)
