"""Printed records: what stands on the pages, in a font that is inside."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from services.dashboard_api.wall_files import built
from services.printer.errors import FontMissing
from services.printer.pages import printed
from tests.printer.records import HASH, change, event, written

EVENTS = [
    event("f1", "person.admitted", "person", "R1", changes=[change("person", None, "admitted")]),
    event("f2", "case.accepted", "case", "A1", late=True, late_s=3720.0, corrects="f0"),
]


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    """A case of eighty events."""
    many = [event(f"m{n}", "person.checked", "person", "R1") for n in range(78)]
    return PdfReader(BytesIO(printed(written(*EVENTS, *many), built())))


def text(pdf: PdfReader) -> list[str]:
    """What stands on each page, without blanks."""
    return ["".join(page.extract_text().split()) for page in pdf.pages]


def test_every_page_says_what_it_is_part_of(pdf: PdfReader) -> None:
    """Case, moment, who had it made (role and organisation), page n of m."""
    pages = text(pdf)

    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        for words in (
            "案件全程记录A3502032026110001", "截至2026-11-2221:00:00", "按发生时间",
            "法制员思明区（350203000000）", f"第{number}页共{len(pages)}页", "f" * 64,
        ):  # fmt: skip
            assert words in page


def test_every_event_is_a_row(pdf: PdfReader) -> None:
    """Three times in the time of the place, what it was, what is out of the ordinary, its hash."""
    first = text(pdf)[0]

    for words in (
        "2026-11-2220:00:00", "20:00:30", "20:01:00", "入区登记·人R1无→已入区",
        "受案立案审查·案A1", "迟到迟录1时2分更正f0", HASH[:10], "已核验",
    ):  # fmt: skip
        assert words in first


def test_gaps_and_whole_hashes_stand_behind(pdf: PdfReader) -> None:
    """The gap of the person; in the appendix each event with all 64 digits."""
    whole = "".join(text(pdf))

    assert "临时出所·人R1·2026-11-2220:10:00–至今" in whole
    assert whole.count(HASH) == 80
    assert "附录" in whole


def test_the_font_is_inside_and_the_pages_are_a4(pdf: PdfReader) -> None:
    """Readable on a machine without any Chinese font."""
    for page in pdf.pages:
        assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]  # a PDF dictionary
        descriptors = [
            fonts[name]["/DescendantFonts"][0].get_object()["/FontDescriptor"] for name in fonts
        ]
        assert descriptors
        assert all("/FontFile2" in descriptor for descriptor in descriptors)


def test_the_printer_is_a_process_of_its_own() -> None:
    """A record goes in, a PDF comes out."""
    done = subprocess.run(
        [sys.executable, "-m", "services.printer", str(built())],
        input=written(*EVENTS),
        capture_output=True,
        check=True,
    )

    assert len(PdfReader(BytesIO(done.stdout)).pages) == 2


def test_without_a_built_wall_there_is_no_font(tmp_path: Path) -> None:
    """Said as such, not printed in empty boxes."""
    with pytest.raises(FontMissing):
        printed(written(*EVENTS), tmp_path)
