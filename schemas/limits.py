"""Statutory limits (法定时限) as dated data with a legal basis: ``reference/limits/*.yaml``.

One file for each limit: how sources call it, by which text it is held on which day, how many
hours each variant gives and which time does not count.  Nothing in the code knows an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta

from schemas.errors import LimitInvalid
from schemas.limit_lines import Step, line_of, steps_in

Name = Annotated[str, Meta(min_length=1)]
Names = tuple[Name, ...]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file may say, and nothing else."""


class Variant(_Strict, frozen=True, kw_only=True):
    """So many hours, and on which ground."""

    hours: Annotated[float, Meta(gt=0)]
    zh: Name
    en: Name
    article: Name | None = None
    """Where it stands in another article than the text's own."""
    groups: Names = ()
    """Special groups of persons (特殊人群) for whom no other variant holds."""
    age_bands: Names = ()
    """The same by age."""


class Exclusion(_Strict, frozen=True, kw_only=True):
    """Time that does not count."""

    words: Annotated[Names, Meta(min_length=1)]
    """One of these stands in the reason that a source gives."""
    zh: Name
    en: Name
    article: Name


class LegalText(_Strict, frozen=True, kw_only=True):
    """One article as it was in force from a day to a day, both included."""

    article: Name
    effective_from: date
    effective_to: date | None = None
    variants: Annotated[tuple[Variant, ...], Meta(min_length=1)]
    excluded: tuple[Exclusion, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether it was in force."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )

    def exclusion(self, reason: str | None) -> Exclusion | None:
        """By what an interval with that reason does not count; None where it does."""
        found = (e for e in self.excluded if any(word in (reason or "") for word in e.words))
        return next(found, None)


class Limit(_Strict, frozen=True, kw_only=True):
    """One limit of the law."""

    code: Annotated[str, Meta(pattern=r"^[a-z_]+$")]
    zh: Name
    en: Name
    names: Names = ()
    """How sources call the measure or the way of arrival that it limits."""
    laws: Names = ()
    """Where no name is known: with what the stated legal basis begins."""
    ends_with: Names = ()
    """Measures that take its place: from their beginning it does not run."""
    texts: Annotated[tuple[LegalText, ...], Meta(min_length=1)]

    def text_on(self, day: date) -> LegalText | None:
        """The text in force on a day."""
        return next((text for text in self.texts if text.holds_on(day)), None)


class Limits:
    """All limits."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._by_code = {limit.code: limit for limit in limits}

    def __iter__(self) -> Iterator[Limit]:
        return iter(self._by_code.values())

    def get(self, code: str) -> Limit:
        """The limit of that code; raises KeyError."""
        return self._by_code[code]

    def named(self, name: str | None) -> Limit | None:
        """The limit that sources call so."""
        return next((limit for limit in self if name in limit.names), None)

    def based_on(self, legal_basis: str | None) -> Limit | None:
        """The one limit that a legal basis can mean; None where it is none or several."""
        basis = legal_basis or ""
        found = [limit for limit in self if any(basis.startswith(law) for law in limit.laws)]
        return found[0] if len(found) == 1 else None


def load(folder: Path | None = None) -> Limits:
    """The limits of a folder, or those that ship; raises LimitInvalid."""
    root: Traversable = folder or resources.files("schemas") / "reference" / "limits"
    files = sorted((f for f in root.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    limits: list[Limit] = []
    taken: dict[str, str] = {}
    for file in files:
        limit = parse(file.read_text(encoding="utf-8"), file.name)
        for word in (limit.code, *limit.names):
            if word in taken:
                raise LimitInvalid(file.name, 1, "names", f"{word!r} stands in {taken[word]} too")
            taken[word] = file.name
        limits.append(limit)
    return Limits(limits)


def parse(text: str, file: str) -> Limit:
    """One limit; raises LimitInvalid with the line, the field and the reason."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        plain: Any = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise LimitInvalid(file, line, "", f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError):
        raise LimitInvalid(file, 1, "", "not YAML") from None
    try:
        limit = msgspec.convert(plain, Limit)
    except msgspec.ValidationError as error:
        path, reason = steps_in(str(error))
        raise LimitInvalid(file, line_of(node, path), _written(path), reason) from None
    for path, reason in _contradictions(limit):
        raise LimitInvalid(file, line_of(node, path), _written(path), reason)
    return limit


def _contradictions(limit: Limit) -> Iterator[tuple[tuple[Step, ...], str]]:
    """What has the right shape and yet cannot be so."""
    for n, text in enumerate(limit.texts):
        where: tuple[Step, ...] = ("texts", n)
        if text.effective_to is not None and text.effective_to < text.effective_from:
            yield (*where, "effective_to"), "lies before effective_from"
        hours = [variant.hours for variant in text.variants]
        if hours != sorted(set(hours)):
            yield (*where, "variants"), "the hours must rise from variant to variant"
        for other in limit.texts[:n]:
            if other.holds_on(text.effective_from) or text.holds_on(other.effective_from):
                yield (*where, "effective_from"), f"holds together with {other.article}"


def _written(path: tuple[Step, ...]) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).removeprefix(".")
