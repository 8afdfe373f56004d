"""The pages of a case's record: A4, Chinese, the font embedded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos

from services.printer import words
from services.printer.font import font_for

FONT = "Noto Sans SC"
MARGIN_MM, LINE_MM = 12, 4.2
GREY, BLACK, RULE = (110, 110, 110), (0, 0, 0), (190, 190, 190)
WIDTHS = (20, 20, 20, 66, 34, 26)
APPENDIX_WIDTHS = (56, 14, 116)


class Page(FPDF):
    """A4 with a head and a foot on every page."""

    def __init__(self, record: Mapping[str, Any], zone: ZoneInfo) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._record = record
        self._zone = zone
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM + 6)
        self.set_title(f"{words.TITLE} {record['case_no']}")

    def header(self) -> None:
        """The case, the moment, who had it made, and the page."""
        exported = self._record["exported"]
        axis, as_of = words.AXES[self._record["axis"]], self.at(self._record["as_of"])
        org = exported["org_name"] or exported["org"]
        role = words.ROLES.get(exported["role"], exported["role"])
        self.set_font(FONT, size=13)
        self.set_text_color(*BLACK)
        self.cell(0, 7, f"{words.TITLE}　{self._record['case_no']}", new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=8)
        self.set_text_color(*GREY)
        self.cell(140, 5, f"截至 {as_of}　{axis}　时区 {exported['time_zone']}")
        self.cell(0, 5, f"第 {self.page_no()} 页 共 {{nb}} 页", align="R",
                  new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
        made = f"导出 {self.at(exported['at'])}　{role}　{org}（{exported['org']}）"
        self.cell(0, 5, made, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_draw_color(*RULE)
        self.line(MARGIN_MM, self.get_y() + 1, self.w - MARGIN_MM, self.get_y() + 1)
        self.ln(3)
        self.set_text_color(*BLACK)

    def footer(self) -> None:
        """Over what the record's hash goes, and that persons are masked."""
        self.set_y(-MARGIN_MM - 2)
        self.set_font(FONT, size=6.5)
        self.set_text_color(*GREY)
        self.cell(0, 4, f"记录 SHA-256 {self._record['sha256']}　个人信息已遮蔽", align="L")

    def at(self, moment: datetime) -> str:
        """A moment as the place counts."""
        return words.moment(moment, self._zone)

    def heading(self, text: str) -> None:
        """Begins a part."""
        self.ln(2)
        self.set_font(FONT, size=10)
        self.cell(0, 7, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FONT, size=7)

    def rows(
        self, head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]
    ) -> None:
        """A table whose head stands on every page."""
        self.set_font(FONT, size=7)
        self.set_draw_color(*RULE)
        plain = FontFace(emphasis="", color=GREY)
        with self.table(
            col_widths=tuple(widths),
            line_height=LINE_MM,
            text_align="LEFT",
            v_align=VAlign.T,
            headings_style=plain,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            padding=(0.6, 1, 0.6, 0),
        ) as table:
            for row in (head, *rows):
                table.row(row)


def printed(written: bytes, wall: Path) -> bytes:
    """The PDF of a record in its JSON; raises FontMissing."""
    record = _with_moments(msgspec.json.decode(written))
    zone = ZoneInfo(record["exported"]["time_zone"])
    events = [_row(event, zone) for event in record["events"]]
    whole = [(e["id"], words.CHAINS[e["chain"]], e["hash"]) for e in record["events"]]
    parts = words.seams(record, zone)
    page = Page(record, zone)
    with tempfile.TemporaryDirectory() as folder:
        font = Path(folder) / "record.ttf"
        font.write_bytes(font_for(_text(record, events, parts), wall))
        page.add_font(FONT, fname=font)
        page.add_page()
        page.heading(f"事件 {len(events)}")
        page.rows(words.COLUMNS, WIDTHS, events)
        if parts:
            page.heading(f"空档与重叠 {len(parts)}")
            for line in parts:
                page.cell(0, LINE_MM, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        page.add_page()
        page.heading(f"附录　{words.APPENDIX[0]}")
        page.rows(words.APPENDIX[1:], APPENDIX_WIDTHS, whole)
        return bytes(page.output())


def _row(event: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    times = (event["occurred_at"], event["recorded_at"], event["received_at"])
    return (
        *(words.moment(at, zone).replace(" ", "\n") for at in times),
        words.what(event),
        words.marks(event),
        f"{event['hash'][: words.SHORT]}\n{words.CHAINS[event['chain']]}",
    )


def _text(record: Mapping[str, Any], events: Sequence[Sequence[str]], parts: Sequence[str]) -> str:
    """Every character that the pages may show."""
    exported = record["exported"]
    fixed = [words.TITLE, *words.AXES.values(), *words.ROLES.values(), *words.COLUMNS]
    fixed += [*words.APPENDIX, *words.CHAINS.values(), exported["org_name"] or "", exported["role"]]
    fixed += [exported["time_zone"], record["case_no"], *(e["id"] for e in record["events"])]
    ascii_ = "".join(map(chr, range(32, 127)))
    pages = "截至时区第页共导出记录个人信息已遮蔽事件空档与重叠附录　（）·–→"
    return "".join([ascii_, pages, *fixed, *parts, *(cell for row in events for cell in row)])


_TIMES = ("occurred_at", "recorded_at", "received_at")


def _with_moments(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with datetimes where the pages show moments."""

    def moments(of: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {**of, **{n: msgspec.convert(of[n], datetime) for n in names if of[n]}}

    def seams(thing: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **thing,
            "gaps": [moments(gap, "from", "to") for gap in thing["gaps"]],
            "overlaps": [moments(one, "from", "to") for one in thing["overlaps"]],
        }

    return {
        **moments(record, "as_of"),
        "exported": moments(record["exported"], "at"),
        "events": [moments(event, *_TIMES) for event in record["events"]],
        "things": [seams(thing) for thing in record["things"]],
    }
