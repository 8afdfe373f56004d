"""XES logs (IEEE 1849): each event of each trace is a row, read as it comes.

An attribute is a column: of an event under its key, of its trace under ``case:KEY``, of the
log under ``log:KEY``.  What stands within an attribute, or in a list, is ``KEY/INNER``;
where a name comes several times, its values are joined by ``;``.  A value that ``global``
declares stands where an event or a trace leaves it out, but for dates: a time is never
made up.  The whole file is read once before its first row is given, for its columns and to
find what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.parsers import expat

from services.importer.errors import LogInvalid, TableUnreadable
from services.importer.files import InputFile
from services.importer.rows import Advanced, NumberedRow, unheard
from services.importer.xes_events import XesEvents


class XesLog:
    """One XES file, plain or gzipped; use as a context manager."""

    def __init__(self, path: Path, advanced: Advanced = unheard) -> None:
        """``advanced`` hears how much of the file the first reading has passed.

        Raises TableUnreadable.
        """
        self.path = path
        self.size_bytes = self.read_bytes = 0
        columns: dict[str, None] = {}
        for event in self._events(advanced):
            columns.update(dict.fromkeys(event))
        self.columns = list(columns)
        self.read_bytes = 0

    def __enter__(self) -> XesLog:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing stands open between two readings."""

    def rows(self) -> Iterator[NumberedRow]:
        """The events in the order of the file; raises TableUnreadable."""
        blank = dict.fromkeys(self.columns, "")
        for number, event in enumerate(self._events(unheard), 1):
            yield NumberedRow(number, blank | event)

    def _events(self, advanced: Advanced) -> Iterator[dict[str, str]]:
        with closing(InputFile(self.path)) as file:
            self.size_bytes = file.size_bytes
            parser = expat.ParserCreate()
            events = XesEvents()
            parser.StartElementHandler = events.start
            parser.EndElementHandler = events.end
            parser.EntityDeclHandler = events.entity
            row = 0
            try:
                for chunk in file.chunks():
                    parser.Parse(chunk, False)
                    self.read_bytes = file.read_bytes
                    advanced(self.read_bytes, self.size_bytes)
                    for event in events.take():
                        row += 1
                        yield event
                parser.Parse(b"", True)
            except expat.ExpatError as error:
                reason = f"not XML: {expat.errors.messages[error.code]}"
                raise self._unreadable(parser, row, reason) from None
            except LogInvalid as error:
                raise self._unreadable(parser, row, str(error)) from None
            except (ValueError, LookupError):
                reason = "its encoding is not known here"
                raise TableUnreadable(self.path.name, row, reason) from None

    def _unreadable(self, parser: expat.XMLParserType, row: int, reason: str) -> TableUnreadable:
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber
        at = f"line {line}, column {column + 1}, byte {max(parser.CurrentByteIndex, 0)}"
        return TableUnreadable(self.path.name, row, f"{at}: {reason}")
